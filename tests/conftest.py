"""Registers what tests stand on. Fixtures live in `tests/support`, never here."""

pytest_plugins = (
    "tests.support.windows",
    "tests.support.database",
    "tests.support.oldest_server",
    "tests.support.api",
    "tests.support.server",
    "tests.support.browser",
)
