"""An office order about a registration, and what follows from it before it is given. Qt-free.

The rule a newcomer would get wrong: an order ends no enrollment by itself. Those it is to end are named with
it, and only on its day or after it; the server then does both or neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, get_args

from msgspec import UNSET

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.kit.language import phrase
from sims_desktop.kit.wording import left_to_right, listed, plural, status_words
from sims_desktop.students.acts.wishes import Keys, no_in_words
from sims_shared.enrollment import MAY_ENROLL
from sims_shared.people import RegistrationStatus, RegistrationView
from sims_shared.problems import Fault
from sims_shared.record import EnrollmentForeseen, RecordView, StatusOrderForeseen

STATUSES: tuple[str, ...] = get_args(RegistrationStatus)


class Calls(Protocol):
    def foresee_order(self, registration_id: int, order: dict[str, Any]) -> StatusOrderForeseen: ...
    def give_order(self, registration_id: int, order: dict[str, Any], key: str) -> RegistrationView: ...
    def read_registration(self, registration_id: int) -> RegistrationView: ...


@dataclass(frozen=True, slots=True)
class Order:
    registration_id: int
    status: str
    effective_on: date
    order_no: str
    reason: str

    @property
    def body(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "effective_on": self.effective_on.isoformat(),
            "order_no": self.order_no,
            "reason": self.reason,
        }


@dataclass(slots=True)
class OrderPresenter:
    calls: Calls
    record: RecordView | None = None
    faults: list[Fault] = field(default_factory=list)
    _keys: Keys = field(default_factory=Keys)

    @property
    def registrations(self) -> list[RegistrationView]:
        found = self.record.registrations if self.record is not None else []
        return sorted(found, key=lambda one: not one.is_current)

    def read_past(self, registration_id: int) -> list[str]:
        """Every order so far, the newest first; they all stay."""
        orders = self.calls.read_registration(registration_id).orders
        if orders is UNSET:
            return []
        said = []
        for one in sorted(orders, key=lambda one: (one.effective_on, one.at), reverse=True):
            named = [status_words(one.status), left_to_right(one.order_no), one.reason, one.by.name]
            what = " · ".join(filter(None, named))
            said.append(phrase("From {day}: {what}", day=one.effective_on.isoformat(), what=what))
        return said

    def check(
        self, registration_id: int | None, status: str, day: date, order_no: str, reason: str
    ) -> Order | None:
        """The order, or None with every fault beside its field."""
        self.faults = []
        if registration_id is None:
            self.faults.append(Fault("/id", "request.missing", phrase("There is no registration.")))
        if not status:
            self.faults.append(Fault("/status", "request.missing", phrase("Choose the status.")))
        if not order_no.strip() and not reason.strip():
            detail = phrase("Name the order, or say why; it stands beside the status for ever.")
            self.faults.append(Fault("/order_no", "request.missing", detail))
        if self.faults or registration_id is None:
            return None
        return Order(registration_id, status, day, order_no.strip(), reason.strip())

    def foresee(self, order: Order) -> StatusOrderForeseen:
        return self.calls.foresee_order(order.registration_id, order.body)

    def give(self, order: Order, foreseen: StatusOrderForeseen, withdraws: bool) -> str:
        """Raises ProblemAnswer; then nothing was done."""
        ended = self.endable(foreseen) if withdraws else []
        body = {**order.body, "enrollment_ids": [one.id for one in ended]}
        about = (order, tuple(one.id for one in ended))
        made = self.calls.give_order(order.registration_id, body, self._keys.of(about))
        self._keys.done(about)
        said = phrase(
            "Ordered: {number} is {status}.",
            number=left_to_right(made.reg_no),
            status=status_words(made.status),
        )
        if ended:
            said += " " + phrase("{enrollments} became W.", enrollments=plural(len(ended), "enrollment"))
        return said

    def endable(self, foreseen: StatusOrderForeseen) -> list[EnrollmentForeseen]:
        """Those that the order may turn into a W."""
        if not foreseen.in_effect:
            return []
        return [one for one in foreseen.enrollments if not one.refusal]

    def offers_ending(self, order: Order, foreseen: StatusOrderForeseen) -> bool:
        return order.status not in MAY_ENROLL and bool(self.endable(foreseen))

    def consequences(self, order: Order, foreseen: StatusOrderForeseen, withdraws: bool) -> list[str]:
        """What would follow, line by line."""
        number, wanted = left_to_right(foreseen.reg_no), status_words(order.status)
        day = order.effective_on.isoformat()
        if not foreseen.in_effect:
            lines = [
                phrase(
                    "{number} stays {now} until {day}; on that day it becomes {status} by itself.",
                    number=number,
                    now=status_words(foreseen.status),
                    day=day,
                    status=wanted,
                )
            ]
        elif foreseen.status != order.status:
            lines = [
                phrase(
                    "{number} was {status} from {day}; a later order stands, so today it is {now}.",
                    number=number,
                    status=wanted,
                    day=day,
                    now=status_words(foreseen.status),
                )
            ]
        else:
            lines = [phrase("{number} is {status} from {day} on.", number=number, status=wanted, day=day)]
        lines += self._of_enrollments(order, foreseen, withdraws)
        if foreseen.in_effect and foreseen.may_enroll != (foreseen.status_now in MAY_ENROLL):
            if foreseen.may_enroll:
                lines.append(phrase("Seats may be taken again."))
            else:
                lines.append(phrase("No seat may be taken until another order."))
        if order.status in ("completed", "graduated"):
            credits = f"{foreseen.credits_earned:f}"
            lines.append(phrase("{credits} credits are earned.", credits=credits))
        return lines

    def _of_enrollments(self, order: Order, foreseen: StatusOrderForeseen, withdraws: bool) -> list[str]:
        if not foreseen.enrollments:
            return [phrase("No enrollment runs on that day.")]
        endable = self.endable(foreseen)
        becoming = endable if withdraws and self.offers_ending(order, foreseen) else []
        staying = [one for one in foreseen.enrollments if one not in becoming]
        lines = []
        if becoming:
            lines.append(
                phrase(
                    "With it, {enrollments} will become W: {courses}.",
                    enrollments=plural(len(becoming), "enrollment"),
                    courses=_courses(becoming),
                )
            )
        free = [one for one in staying if not one.refusal]
        if free:
            many, courses = plural(len(free), "enrollment"), _courses(free)
            lines.append(phrase("Running on: {enrollments}, {courses}.", enrollments=many, courses=courses))
        lines += [
            phrase("Running on: {course}. {why}", course=left_to_right(one.course_code), why=one.refusal)
            for one in staying
            if one.refusal
        ]
        return lines

    def refused(self, error: Exception) -> str:
        """The server's no; its faults stand beside their fields."""
        words = no_in_words(error)
        self.faults = list(error.errors) if isinstance(error, ProblemAnswer) else []
        return words


def _courses(lines: list[EnrollmentForeseen]) -> str:
    return listed((left_to_right(one.course_code) for one in lines), 8)
