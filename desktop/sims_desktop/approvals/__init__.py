"""The approval inbox: sheets that were handed in and changes that were asked for, decided by whose turn
it is. The rule a newcomer would get wrong: what may not be decided is shown grey with its reason, not
hidden; the person must see where their own request waits.
"""
