"""Requests of students to the office.

States: pending → approved → completed, pending → rejected; nothing leads back. The rule a newcomer would
get wrong: deciding and completing are two permissions. The counter hands out what others approved.
"""
