"""The server: holds the rules and the database."""
