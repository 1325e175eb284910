"""The desktop's way to the server: HTTP, the session's tokens, and what can go wrong on the way.

Knows no Qt and no page. Every call is synchronous and runs off the window's thread.
"""
