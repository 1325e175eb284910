"""What a seal that holds vouches for, the same for a file and for a code."""

from __future__ import annotations

from sims_shared.seal.content import SignedContent
from sims_shared.seal.judgment import Judgment, Verdict
from sims_shared.seal.keys import KeyDocument


def vouched(code: SignedContent, document: KeyDocument) -> Judgment:
    """The judgment of a content whose seal holds."""
    demo = document.demo or code.demo
    has_results = code.document != "bonafide"  # a letter says no result, not that there is none
    kind = "a DEMO document, sealed by" if demo else "sealed by"
    return Judgment(
        verdict=Verdict.GENUINE,
        in_words=f"GENUINE: {kind} {document.institution} on {code.issued_on}.",
        demo=demo,
        issuer=code.issuer,
        institution=document.institution,
        document=code.document,
        serial=code.serial,
        name=code.name,
        reg_no=code.reg_no,
        program=code.program,
        cgpa=code.cgpa if has_results else None,
        credits=code.credits if has_results else None,
        issued_on=code.issued_on,
        valid_until=code.valid_until,
        courses=code.courses,
        status_index=code.status_index,
        content_sha256=code.content_sha256.hex(),
    )
