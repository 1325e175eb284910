"""The controller's desk: every section of a term on its way to published and frozen results. The rule a
newcomer would get wrong: a publish is all or nothing, so the desk says what would stop it before it asks.
"""
