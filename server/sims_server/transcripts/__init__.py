"""Transcripts: sealed papers that convince a stranger without this server.

    issue ──▶ valid ──▶ superseded   (a printed result changed, or a duplicate or corrected one was issued)
                  └───▶ revoked      (withdrawn by the registry, for ever)

The content is fixed first and kept; PDF, code and attached data are made from it. Status is rows that
are only added, so the paper's history is the table's.
"""
