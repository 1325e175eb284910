"""Exports: what both sides must agree on.

The rule a newcomer would get wrong: a file is what its reader may see, no more. A masked number is left
out, because a file that comes back with it would write the mask into the record.
"""

from __future__ import annotations

from sims_shared.problems import Kind, Refusal


class ExportTooLong(Refusal):
    """A workbook has an end; CSV has none."""

    code = "exports.too_long"
    title = "The list does not fit into a workbook"
    kind = Kind.CONFLICT
