"""What the parts of the catalog share."""

from __future__ import annotations

from typing import Generic, TypeVar

from sims_desktop.kit.entries import HasId
from sims_desktop.kit.register import Register

CATALOG = "catalog_"
V = TypeVar("V", bound=HasId)


class Part(Register[V], Generic[V]):
    """What changes in one part may be chosen from in another: it is read anew there."""

    def heard(self, kind: str, id: int) -> None:
        if kind.startswith(CATALOG) and kind != self.objectName():
            self._refreshed = None
