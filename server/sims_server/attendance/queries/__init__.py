"""Every SELECT of attendance: the lists, and what marks come to."""
