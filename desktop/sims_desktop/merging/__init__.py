"""Two records of one person, read as one from then on. The rule a newcomer would get wrong: no row moves;
one person asks, another confirms with both records before their eyes, and it can be undone.
"""
