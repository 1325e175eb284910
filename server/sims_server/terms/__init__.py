"""Terms: when a course is taught, and until when one may enroll, drop, withdraw and hand in marks.

States: open ⇄ closed. Closing stops enrollment only and is never refused; marks and results of a
closed term go on. Several terms may be open.
"""
