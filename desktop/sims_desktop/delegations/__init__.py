"""Lending one's own authority to a colleague between two dates. The rule a newcomer would get wrong: the
colleague acts under their own name; what was lent is not lent on, and never decides what its lender asked.
"""
