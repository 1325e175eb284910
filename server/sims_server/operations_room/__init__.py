"""The operations room: health, metrics, backups and their rehearsal, the checks of every invariant.

    backup: running → done | failed; done → rehearsed again and again; its file goes after the retention

A restore never touches the database in use: it fills a new one, holds it against the manifest and
every invariant, and only then the two change names. What a newcomer would get wrong: the dump is not
the backup. The dump, its manifest and a rehearsal that succeeded are.
"""
