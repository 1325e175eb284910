"""Attendance without a screen: the lists kept on this computer, and the one that is open."""
