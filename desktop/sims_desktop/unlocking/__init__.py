"""Opening a locked column again: the head's and the dean's right. The rule a newcomer would get wrong: what
students were shown stays shown; unlocking lets teachers type, and hides nothing.
"""
