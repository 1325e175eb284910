"""Access: accounts, roles as rows, sessions, settings.

A request carries a JWT that names an account and a session; the session, the account and its roles are
read on each request, so removal bites at once. States of a session: live → ended (signed out, ended by
an administrator, password changed, refresh token used twice) or expired.
"""
