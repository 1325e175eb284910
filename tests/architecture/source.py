"""Reads the project's Python as text, for rules about who may import and call what.

Nothing is imported: a rule must also be able to judge a module that does not load.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {"sims_shared": "shared", "sims_server": "server", "sims_desktop": "desktop"}


@dataclass(frozen=True)
class Import:
    """One imported module, by its full name; `from a import b` counts as `a` and as `a.b`."""

    module: str
    line: int


@dataclass
class Module:
    """One source file: `name` as Python would import it, `path` from the top of the project."""

    name: str
    path: Path
    text: str
    is_package: bool = field(default=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))

    def imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield Import(base, node.lineno)
                for alias in node.names:
                    yield Import(f"{base}.{alias.name}", node.lineno)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        up = node.level - 1 if self.is_package else node.level
        start = self.parts[: len(self.parts) - up]
        return ".".join([*start, *filter(None, [node.module])])

    def calls(self) -> Iterator[tuple[str, int]]:
        """Every call as written, `a.b.c`, with its line; what is not a plain name is left out."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node.lineno

    def at(self, line: int) -> str:
        return f"{self.path}:{line}"


def modules_of(root: Path, package: str) -> list[Module]:
    """All modules of one of the three packages below `root`."""
    folder = root / PACKAGES[package]
    found = []
    for path in sorted((folder / package).rglob("*.py")):
        parts = list(path.relative_to(folder).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module(name, path.relative_to(root), path.read_text("utf-8"), is_package))
    return found
