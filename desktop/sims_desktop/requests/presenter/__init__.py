"""What the pages of requests show and say, without a window."""
