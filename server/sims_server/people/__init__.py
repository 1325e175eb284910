"""People: students, and their registrations in programs.

A registration moves by office orders between provisional, active, on_leave, struck_off, suspended,
completed, graduated, withdrawn, dismissed and cancelled; every order stays, and the one effective last
is what the registration shows. Exactly one registration of a student is current: lists show that one.
The rule a newcomer would get wrong: private fields follow the row, not the screen. Somebody may see one
student's phone as head of a department and the next one's not, as teacher.
"""
