"""Holds on students: fee, library, discipline and the like; kinds are rows.

States: open → lifted. A lifted hold stays as a row; another reason is another hold. The rule a newcomer
would get wrong: whoever may place a kind may also lift it, and nobody else but the registrar.
"""
