"""What is taught: courses, the sections of a term, departments and programs. The rule a newcomer would get
wrong: a section keeps the code, title and credits that its course had when it was made.
"""
