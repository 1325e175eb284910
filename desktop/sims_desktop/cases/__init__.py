"""Cases: rechecks, unfair means, grace, incompletes, corrections, credit from elsewhere, each with its files
and its approvals in order. The rule a newcomer would get wrong: nothing is decided from the list. What would
follow is read from the server first and stands beside the key that signs it.
"""
