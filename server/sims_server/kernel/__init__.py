"""The one door and what stands around it. Knows no slice; alone commits, reads the clock, knows HTTP."""
