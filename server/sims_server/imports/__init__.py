"""Imports: the offices' spreadsheets become rows of the record, all of a file or nothing of it.

A file is read into typed cells (rules), each row's fate is planned by one statement against the natural
keys of the record (queries), and the plan is carried out by one statement a table (operations), so the
triggers that keep audit, seats, weights and sheets see an import as they see everything else. Running
the same file again changes nothing, not even the audit.

uploaded → previewed → committed
         ↘ faulty   (nothing of it can be committed; correct the file and upload it again)
"""
