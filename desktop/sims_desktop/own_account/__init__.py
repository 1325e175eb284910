"""One's own account: where one is signed in, the password, one-time codes. For everybody. The rule a newcomer
would get wrong: the password also locks the marks that this computer keeps, so both change together.
"""
