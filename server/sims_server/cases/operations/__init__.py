"""What can be done about cases, one module a verb."""
