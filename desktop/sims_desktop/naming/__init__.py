"""Names that wait for a second person. The rule a newcomer would get wrong: who asked sees it here too, but
only another one confirms; what changes meanwhile is asked for anew.
"""
