"""The house rules that a machine can hold. A message says what to write instead."""
