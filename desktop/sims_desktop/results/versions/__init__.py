"""Two versions of one result side by side, for whoever answers "what did it say before?"."""
