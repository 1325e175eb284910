"""Holds on students at the desk of whoever places and lifts them. The rule a newcomer would get wrong: the
kind of a hold names the role that lifts it; who only reads holds sees them all and no act.
"""
