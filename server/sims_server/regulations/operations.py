"""What can be done about regulations: draft, change, put in force, withdraw, delete."""

from __future__ import annotations

from typing import Any

import msgspec

from sims_server.kernel.execute import operation
from sims_server.kernel.refusal import in_use_as
from sims_server.kernel.work import Work
from sims_server.regulations import queries
from sims_server.regulations.model import regulation
from sims_server.regulations.rules import check_move
from sims_shared.access import Permission
from sims_shared.problems import Fault
from sims_shared.regulations import (
    AppliesTo,
    ChangeRegulation,
    CreateRegulation,
    DeleteRegulation,
    Policy,
    PolicyInvalid,
    RegulationFixed,
    RegulationInUse,
    RegulationView,
    check_policy,
    default_policy,
    document_of,
)


def _with_program_codes(work: Work, document: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Programs named by id become codes, so that the document says the same in any database."""
    applies = document.get("applies")
    programs = applies.get("programs") if isinstance(applies, dict) else None
    if not isinstance(applies, dict) or not isinstance(programs, list):
        return document
    if not all(isinstance(name, str | int) for name in programs):
        return document  # the check of the document speaks of it
    codes = queries.program_codes(work, programs)
    faults = [
        Fault(f"{pointer}/programs/{index}", "unknown", f"There is no program {name}.")
        for index, name in enumerate(programs)
        if name not in codes
    ]
    if faults:
        raise PolicyInvalid("The regulation names programs that do not exist.", errors=faults)
    return {**document, "applies": {**applies, "programs": [codes[name] for name in programs]}}


def _checked(document: dict[str, Any]) -> Policy:
    """The document's policy, which here must name itself. Raises PolicyInvalid with all faults."""
    unnamed = [] if document.get("code") else [Fault("/code", "missing", "A regulation has a code.")]
    try:
        policy = check_policy(document, "/policy")
    except PolicyInvalid as refusal:
        raise PolicyInvalid(refusal.detail, errors=[*unnamed, *refusal.errors]) from refusal
    if unnamed:
        raise PolicyInvalid("A regulation has a code.", errors=unnamed)
    return policy


def _columns(policy: Policy, document: dict[str, Any]) -> dict[str, Any]:
    programs = policy.applies.programs
    return {
        "code": policy.code,
        "authority": policy.authority or "",
        "level": policy.applies.level,
        "programs": None if programs is None else [str(program) for program in programs],
        "intake_from": policy.applies.intake_from,
        "intake_to": policy.applies.intake_to,
        "policy": document,
    }


@operation(Permission.MANAGE_CATALOG, "regulations.create")
def create_regulation(work: Work, command: CreateRegulation) -> RegulationView:
    """Draft a regulation; with status in_force it is put in force at once."""
    code = command.code or command.policy.get("code")
    version = command.version or command.policy.get("version")
    if version is None and isinstance(code, str):
        version = queries.next_version(work, code)
    document = document_of(
        command.policy,
        code=command.code,
        version=version,
        authority=command.authority,
        applies=command.applies,
    )
    document = _with_program_codes(work, document, "/applies" if command.applies else "/policy/applies")
    policy = _checked(document)
    values = {**_columns(policy, document), "version": policy.version, "status": command.status}
    if command.status == "in_force":
        values["in_force_at"] = work.now
    return queries.get_regulation(work, work.insert(regulation, values))


@operation(Permission.MANAGE_CATALOG, "regulations.change")
def change_regulation(work: Work, command: ChangeRegulation) -> RegulationView:
    """Change a draft, put it in force, or withdraw one that nobody stands under."""
    current = queries.get_regulation(work, command.regulation_id)
    changed = {
        name: value
        for name in ("policy", "code", "version", "authority", "applies")
        if (value := getattr(command, name)) is not msgspec.UNSET
    }
    status = current.status if command.status is msgspec.UNSET else command.status
    check_move(current.status, status, bool(changed))
    values: dict[str, Any] = {"status": status}
    if changed:
        if changed.get("version", current.version) != current.version:
            raise RegulationFixed("A draft keeps its version: draft another instead.")
        values |= _changed_document(work, current, changed)
    if status != current.status:
        if status == "in_force":
            check_policy(values.get("policy", current.policy), "/policy")
            values["in_force_at"] = work.now
        else:
            if queries.is_in_use(work, command.regulation_id):
                raise RegulationInUse
            values["withdrawn_at"] = work.now
    work.update(regulation, command.regulation_id, values)
    return queries.get_regulation(work, command.regulation_id)


def _changed_document(work: Work, current: RegulationView, changed: dict[str, Any]) -> dict[str, Any]:
    applies = changed.get("applies")
    assert applies is None or isinstance(applies, AppliesTo)
    document = document_of(
        changed.get("policy", current.policy),
        code=changed.get("code", current.code),
        version=current.version,
        authority=changed.get("authority"),
        applies=applies,
    )
    document = _with_program_codes(work, document, "/applies" if applies else "/policy/applies")
    return _columns(_checked(document), document)


@operation(Permission.MANAGE_CATALOG, "regulations.delete")
def delete_regulation(work: Work, command: DeleteRegulation) -> None:
    """Delete a draft."""
    if queries.is_in_use(work, command.regulation_id):
        raise RegulationInUse
    if queries.get_regulation(work, command.regulation_id).status != "draft":
        raise RegulationFixed("Only a draft is deleted.")
    with in_use_as(RegulationInUse):
        work.run("DELETE FROM regulation WHERE id = %(id)s", id=command.regulation_id)


def install_default_regulation(work: Work, _: None = None) -> int | None:
    """On an empty server, put a plausible letter-grade regulation in force for every program and
    intake, so that students can be registered. Does nothing where there is any. Answers its id."""
    if queries.any_regulation(work):
        return None
    document = default_policy()
    policy = check_policy(document)
    made: int = work.insert(
        regulation,
        {
            **_columns(policy, document),
            "version": policy.version,
            "status": "in_force",
            "in_force_at": work.now,
        },
    )
    return made
