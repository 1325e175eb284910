"""Bringing whole files in: a file is dropped, its columns are named once, what every row would do is shown,
and exactly that is committed. The rule a newcomer would get wrong: nothing is judged here. The server reads
the file and says each row's fate; this desk shows it and asks.
"""
