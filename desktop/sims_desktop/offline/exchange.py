"""One round of talk with the server about the sheets on this computer.

Pull, seal, push, acknowledge, pull, compare digests. All decisions are `sims_shared.sheet_copy`; this
module only carries them between a store and a server, so that the simulator can put any pair in
their place. The rule a newcomer would get wrong: the answer to a push never moves the cursor. Only a
pull does, because a push says nothing about what others wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import NamedTuple, Protocol

import msgspec

from sims_desktop.client.errors import ProblemAnswer
from sims_desktop.offline.history import HistoryRefused
from sims_shared.grading import (
    DeviceOfAnother,
    MutationGap,
    MutationReused,
    ProtocolUnsupported,
    SheetChanges,
    SheetSummary,
    SheetView,
    SyncAnswer,
)
from sims_shared.merge import Key
from sims_shared.sheet_copy import (
    AckedOp,
    Changes,
    Head,
    Inflight,
    SheetCopy,
    acknowledge,
    apply_pull,
    apply_whole,
    epoch_changed,
    held_digest,
    refuse_batch,
    restart_identity,
    seal,
)

NEW_IDENTITY = frozenset({MutationReused.code, MutationGap.code, DeviceOfAnother.code})
NOT_FOUND = 404
MOST_RESTARTS = 3
MOST_BATCHES = 40


class Scope(Enum):
    """How much of a copy a decision needs to see."""

    WAITING = "waiting"  # the cells that wait or fly
    WHOLE = "whole"


class Heartbeat(NamedTuple):
    client_id: str
    pending: int
    conflicts: int


class SheetServer(Protocol):
    """The server as a device sees it. Every call raises `ClientError`s only."""

    def read_sheets(self) -> list[SheetSummary]: ...

    def read_sheet(self, section_id: int) -> SheetView: ...

    def read_changes(self, section_id: int, since: int, heartbeat: Heartbeat) -> SheetChanges: ...

    def push(self, section_id: int, body: bytes) -> SyncAnswer: ...


Decide = Callable[[SheetCopy], Changes | None]


class DeviceStore(Protocol):
    """What is kept on this computer. `change` is one durable transaction: it shows the decision the
    cells of `scope`, writes what the decision returns, and stores names and columns of `details`
    beside it. It answers what the decision returned. `remembered` are the applied edits of this computer,
    in the order in which they came to be so: of two of one cell a restore may take the newer, and the next
    one the older. `purge` forgets a sheet, unless edits of it are on no record but this computer's; then
    it answers False."""

    def client_id(self) -> str: ...

    def renew_client_id(self) -> str: ...

    def head(self, section_id: int) -> Head | None: ...

    def inflight(self, section_id: int) -> Inflight | None: ...

    def heartbeat(self, section_id: int) -> Heartbeat: ...

    def remembered(self, section_id: int) -> list[AckedOp]: ...

    def held(self, section_id: int) -> SheetCopy: ...

    def record_incident(self, section_id: int, what: str) -> None: ...

    def purge(self, section_id: int) -> bool: ...

    def change(
        self,
        section_id: int,
        scope: Scope | Collection[Key],
        decide: Decide,
        details: SheetView | SheetChanges | None = None,
    ) -> Changes | None: ...


class Exchange:
    """Carries one device's sheets to and from one server. Used by one thread."""

    def __init__(self, store: DeviceStore, server: SheetServer) -> None:
        self.store = store
        self.server = server
        self._verified: dict[int, str] = {}  # section -> digest, since this process began
        self._refused: set[str] = set()
        self._told: dict[int, Heartbeat] = {}  # section -> what the server last heard of this device

    def sync_sheet(self, section_id: int) -> None:
        """One round for one sheet. Returns when nothing waits here any more, or raises the
        `ClientError` that ended the round; whatever had been decided by then is durable."""
        try:
            head = self.store.head(section_id)
            if head is None or not head.epoch:
                self._take_whole(section_id)
            pulled = self._pull(section_id)
            if self._push_all(section_id):
                pulled = self._pull(section_id)
        except ProblemAnswer as problem:
            if problem.status != NOT_FOUND or self.store.head(section_id) is None:
                raise
            self._leave(section_id)
            return
        if pulled is not None:
            self._compare(section_id, pulled)

    def _leave(self, section_id: int) -> None:
        """The person teaches the section no longer. What waits is pushed, to be refused on record;
        then the students' data leaves this computer."""
        self._push_all(section_id, leaving=True)
        self.store.purge(section_id)

    def _pull(self, section_id: int) -> SheetChanges | None:
        """None when the answer could not be taken, because a batch is in flight."""
        since, answer = self._read_changes(section_id)
        if answer.epoch != self._head(section_id).epoch:
            self._take_restored(section_id)
            since, answer = self._read_changes(section_id)
        touched = {(cell.enrollment_id, cell.assessment_id) for cell in answer.cells}
        if answer.roster is not msgspec.UNSET:
            for row in answer.roster.added:
                touched.update((row.enrollment_id, int(key)) for key in row.cells)
        changes = self._change(
            section_id, touched, lambda copy: apply_pull(copy, since, answer), details=answer
        )
        return answer if changes is not None else None

    def _read_changes(self, section_id: int) -> tuple[int, SheetChanges]:
        """The answer and the cursor it was asked with. The heartbeat that goes along names this device,
        and may be the first to hear that its name is taken. In a copied profile the name it has taken since
        for other sheets may belong to the other person as well."""
        for _ in range(MOST_RESTARTS):
            try:
                return self._ask_changes(section_id)
            except ProblemAnswer as problem:
                if problem.code != DeviceOfAnother.code:
                    raise
            self._restart(section_id)
        return self._ask_changes(section_id)

    def _ask_changes(self, section_id: int) -> tuple[int, SheetChanges]:
        since, heartbeat = self._head(section_id).cursor, self.store.heartbeat(section_id)
        answer = self.server.read_changes(section_id, since, heartbeat)
        self._told[section_id] = heartbeat
        return since, answer

    def has_news(self, section_id: int) -> bool:
        """Whether the server believes something else of this device than is so: a conflict was settled
        by keeping theirs, a refused mark was let go. Nothing waits then, and yet it should hear."""
        return self.store.heartbeat(section_id) != self._told.get(section_id)

    def _head(self, section_id: int) -> Head:
        head = self.store.head(section_id)
        assert head is not None, "a sheet is pulled only after it was taken whole"
        return head

    def _push_all(self, section_id: int, *, leaving: bool = False) -> bool:
        """Whether the server was told anything, so that a pull is due. Who leaves cannot pull."""
        restarts = 0
        for pushed in range(MOST_BATCHES):
            flying = self._sealed(section_id)
            if flying is None:
                return pushed > 0
            try:
                understood = self._push(section_id, flying, leaving)
            except ProblemAnswer as problem:
                restarts += 1
                if problem.code not in NEW_IDENTITY or restarts > MOST_RESTARTS:
                    raise
                self._restart(section_id)
                understood = False
            # A restored server forgets numbers too. It must be recognised before the next batch is
            # sealed on bases that it may no longer have.
            if not understood and not leaving:
                self._pull(section_id)
        return True

    def _sealed(self, section_id: int) -> Inflight | None:
        """The batch in flight, or a new one; None when nothing waits."""
        flying = self.store.inflight(section_id)
        if flying is None and self.store.heartbeat(section_id).pending:
            client_id = self.store.client_id()
            self._change(section_id, Scope.WAITING, lambda copy: seal(copy, client_id))
            flying = self.store.inflight(section_id)
        return flying

    def _push(self, section_id: int, flying: Inflight, leaving: bool) -> bool:
        """Sends one batch and writes down what became of it. False when the answer was not to it, or
        of another epoch. Raises the `ProblemAnswer`s that call for a new identity."""
        client_id, mid = flying.client_id, flying.mid
        try:
            answer = self.server.push(section_id, flying.body)
        except ProblemAnswer as problem:
            if problem.code in NEW_IDENTITY or problem.code == ProtocolUnsupported.code:
                raise  # the second is cured by a newer program, which will send these very bytes
            code = problem.code
            self._change(section_id, Scope.WAITING, lambda copy: refuse_batch(copy, client_id, mid, code))
            return True
        taken = self._change(
            section_id,
            Scope.WAITING,
            lambda copy: acknowledge(copy, client_id, mid, answer, leaving=leaving),
        )
        return taken is not None

    def _restart(self, section_id: int) -> None:
        client_id = self.store.client_id()
        if self._head(section_id).client_id == client_id:
            client_id = self.store.renew_client_id()
        self._change(section_id, Scope.WAITING, lambda copy: restart_identity(copy, client_id))

    def _take_whole(self, section_id: int) -> None:
        sheet = self.server.read_sheet(section_id)
        self._change(section_id, Scope.WHOLE, lambda copy: apply_whole(copy, sheet), details=sheet)

    def _take_restored(self, section_id: int) -> None:
        if self.store.inflight(section_id) is not None:
            self._restart(section_id)
        sheet = self.server.read_sheet(section_id)
        remembered = self.store.remembered(section_id)
        self._change(
            section_id, Scope.WHOLE, lambda copy: epoch_changed(copy, sheet, remembered), details=sheet
        )
        self.store.record_incident(section_id, f"the server was restored: epoch {sheet.epoch}")

    def _compare(self, section_id: int, pulled: SheetChanges) -> None:
        if self._verified.get(section_id) == pulled.digest:
            return
        copy = self.store.held(section_id)
        if copy.head.cursor != pulled.rev:
            return
        digest = held_digest(copy)
        if digest is None:
            return
        if digest != pulled.digest:
            self.store.record_incident(
                section_id, f"digest {digest} here, {pulled.digest} on the server at rev {pulled.rev}"
            )
            self._take_whole(section_id)
        else:
            self._verified[section_id] = digest

    def _change(
        self,
        section_id: int,
        scope: Scope | Collection[Key],
        decide: Decide,
        details: SheetView | SheetChanges | None = None,
    ) -> Changes | None:
        try:
            changes = self.store.change(section_id, scope, decide, details)
        except HistoryRefused as refused:
            if refused.detail not in self._refused:  # once, though every round meets it again
                self._refused.add(refused.detail)
                self.store.record_incident(section_id, refused.detail)
            raise
        if changes is not None and (changes.base or changes.roster):
            self._verified.pop(section_id, None)
        return changes
