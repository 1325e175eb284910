"""Exports: whole lists as files, as they are stored, for whoever may read them.

A file holds what the list shows its reader, with the same filters; the kinds that can be imported are
written in the columns of the import, so that a file that comes back unchanged changes nothing. Whoever
takes one is remembered as a disclosure of everybody in it.
"""
