"""From the application to the registration number. The rule a newcomer would get wrong: accepting is not
admitting. Admitting makes students, all that were chosen or nobody, numbered in the order of the list.
"""
