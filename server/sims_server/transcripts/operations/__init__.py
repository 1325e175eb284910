"""What can be done about transcripts: copy, issue, print, revoke, verify, in batches; and their keys."""

from sims_server.transcripts.operations.batches import enqueue_transcripts
from sims_server.transcripts.operations.copies import copy_transcript, list_examinations
from sims_server.transcripts.operations.issuing import issue_transcript
from sims_server.transcripts.operations.keeping import print_transcript, revoke_transcript
from sims_server.transcripts.operations.keys import ensure_demo_keys, manage_keys
from sims_server.transcripts.operations.verifying import verify_file, verify_token

__all__ = [
    "copy_transcript",
    "enqueue_transcripts",
    "ensure_demo_keys",
    "issue_transcript",
    "list_examinations",
    "manage_keys",
    "print_transcript",
    "revoke_transcript",
    "verify_file",
    "verify_token",
]
