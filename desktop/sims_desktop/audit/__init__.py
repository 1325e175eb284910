"""What was changed, by whom and through which request; who read how many students. The rule a newcomer
would get wrong: the chain's state is no matter of the list. A list that looks whole may have been rewritten,
so what was verified last stands above it, in words.
"""
