"""Work that the server does in the background: how far it is, what came of it, and starting it again. The
rule a newcomer would get wrong: cancelling asks; a job stops at its next step, and may be done before that.
"""
