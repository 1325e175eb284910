"""Route of the dashboard."""

from __future__ import annotations

from sims_server.dashboard import queries
from sims_server.kernel.http import read
from sims_shared.dashboard import Dashboard

routes = [read("/api/dashboard/", queries.get_dashboard, Dashboard, permission=None)]
