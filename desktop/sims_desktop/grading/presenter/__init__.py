"""What faculty's windows decide, without a screen. Imports no Qt."""
