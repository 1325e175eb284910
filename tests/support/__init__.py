"""What tests stand on: real parts, prepared quickly. Nothing in here pretends to be our own code."""
