"""What server and desktop must agree on: commands, views, problems, and the pure rules both run."""
