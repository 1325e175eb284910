"""The desktop client: a window per role."""
