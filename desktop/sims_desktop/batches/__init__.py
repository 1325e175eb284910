"""Enrolling a whole intake into its semester. The rule a newcomer would get wrong: a batch sets no rule
aside. Who is held, lacks a prerequisite or finds no seat is an exception, dealt with one by one.
"""
