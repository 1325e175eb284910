"""Terms and their days at the registrar's desk. The rule a newcomer would get wrong: closing a term stops
enrolling and nothing else, so it is one key, is never refused, and is taken back with the same key.
"""
