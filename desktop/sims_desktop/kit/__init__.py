"""What every window is made of: look, tables, forms, threads, palette, printing.

Knows no slice. Importing this package imports no Qt: presenters take `kit.wording` from here, and a
window that opens without Qt's printing or help pages loaded opens sooner.
"""
