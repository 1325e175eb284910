"""What a change would do, before anybody asks for it. Writes nothing, and promises nothing: the figures are
computed anew when the change is asked for."""

from __future__ import annotations

from sims_server.kernel.execute import operation
from sims_server.kernel.work import Work
from sims_server.results.operations.changing import impact_of_change
from sims_shared.access import Permission
from sims_shared.results import ChangeImpact, PreviewChange


@operation(Permission.REQUEST_CHANGE, "results.preview_change")
def preview_change(work: Work, command: PreviewChange) -> ChangeImpact:
    """The impact of a change that nobody has asked for yet."""
    return impact_of_change(work, command)
