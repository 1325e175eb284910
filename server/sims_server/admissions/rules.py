"""How an application moves, and who of a list can be admitted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from sims_shared.admissions import WrongApplicantState, number_of
from sims_shared.problems import Fault, InvalidInput
from sims_shared.values import RegistrationNumber, intake_of

ACCEPTED = "accepted"
# The same as the rows of applicant_transition.
LAWFUL: dict[str, tuple[str, ...]] = {
    "applied": ("shortlisted", "rejected", "withdrawn"),
    "shortlisted": ("offered", "rejected", "withdrawn"),
    "offered": ("accepted", "rejected", "withdrawn"),
    "accepted": ("rejected", "withdrawn"),
    "rejected": (),
    "withdrawn": (),
}


def check_move(current: str, wanted: str) -> None:
    """Raises WrongApplicantState, naming what may follow."""
    lawful = LAWFUL[current]
    if wanted not in lawful:
        after = f"may become {' or '.join(lawful)}" if lawful else "is final"
        raise WrongApplicantState(
            f"An application that is {current} {after}, not {wanted}.", status=current, lawful=list(lawful)
        )


def intake_of_term(kind: str, start: date) -> str:
    """The intake that a term admits: autumn and spring are what their names say, others go by the month."""
    season = {"fall": "F", "spring": "S"}.get(kind)
    return f"{start.year:04d}{season}" if season else intake_of(start.year, start.month)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An applicant as admission judges it. `known` are the students with the same national identity
    number: id, name, a registration number, and the programs in which they are registered and not gone."""

    id: int
    name: str
    status: str
    student_id: int | None
    national_key: str | None
    program_id: int
    program: str
    department: str
    intake: str
    known: Sequence[tuple[int, str, str, frozenset[int]]] = ()


def check_lists(
    ids: Sequence[int], same: Sequence[int], another: Sequence[int], known: Mapping[int, Candidate]
) -> None:
    """Raises InvalidInput for ids that name nobody, or stand twice, or in both lists."""
    faults = []
    for index, id in enumerate(ids):
        if id not in known:
            faults.append(Fault(f"/ids/{index}", "unknown", f"There is no applicant {id}."))
        elif id in ids[:index]:
            faults.append(Fault(f"/ids/{index}", "repeated", f"Applicant {id} stands twice."))
    for name, named in (("same_person", same), ("another_person", another)):
        for index, id in enumerate(named):
            if id not in ids:
                faults.append(
                    Fault(f"/{name}/{index}", "unknown", f"Applicant {id} is not among those to admit.")
                )
            elif name == "another_person" and id in same:
                faults.append(
                    Fault(f"/{name}/{index}", "contradiction", "The same person, or another: not both.")
                )
    if faults:
        raise InvalidInput(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the lists.", errors=faults
        )


def admission_faults(
    candidates: Sequence[Candidate],
    same: frozenset[int],
    another: frozenset[int],
    unregulated: Mapping[tuple[int, str], str],
    form: str,
) -> list[Fault]:
    """Everything that keeps these from being admitted, by their place in the list. `unregulated` has for
    a program and intake why no regulation is in force."""
    faults: list[Fault] = []
    first_with: dict[str, int] = {}
    for index, one in enumerate(candidates):

        def fault(code: str, detail: str, index: int = index) -> None:
            faults.append(Fault(f"/ids/{index}", code, detail))

        if one.student_id is not None:
            fault("admitted_already", f"{one.name} was admitted and is student {one.student_id}.")
            continue
        if one.status != ACCEPTED:
            fault("not_accepted", f"{one.name} is {one.status}, not accepted.")
        if one.id in same and not one.known:
            fault("nobody_known", f"No student has the national identity number of {one.name}.")
        elif one.id in same and len(one.known) > 1:
            fault("several_known", f"{_named(one)}: several students have this number; merge them first.")
        elif one.id in same and one.program_id in one.known[0][3]:
            fault("registered_already", f"{_named(one)} is registered in {one.program} already.")
        elif one.known and one.id not in same and one.id not in another:
            fault(
                "national_id_known",
                f"{one.name} has the national identity number of {_named(one)}. "
                "Say whether it is the same person or another.",
            )
        if one.national_key is not None and one.id not in another:
            if one.national_key in first_with:
                fault("person_twice", f"{one.name} stands here for two programs; admit one, then the other.")
            first_with.setdefault(one.national_key, one.id)
        if (one.program_id, one.intake) in unregulated:
            fault("no_regulation", unregulated[one.program_id, one.intake])
        if not _is_number(first := _number(form, one, 1)):
            fault("no_number", f"The series makes “{first}”, which is no registration number.")
    return faults


def _named(one: Candidate) -> str:
    return ", ".join(f"{name} ({reg_no})" for _, name, reg_no, _ in one.known)


def _number(form: str, one: Candidate, number: int | None) -> str:
    return number_of(form, intake=one.intake, program=one.program, department=one.department, number=number)


def _is_number(text: str) -> bool:
    try:
        msgspec.convert(text, RegistrationNumber)
    except msgspec.ValidationError:
        return False
    return True


def series_of(form: str, one: Candidate) -> str:
    """The name of the series that numbers this applicant."""
    return f"registration {_number(form, one, None)}"


def registration_number(form: str, one: Candidate, number: int) -> str:
    return _number(form, one, number)
