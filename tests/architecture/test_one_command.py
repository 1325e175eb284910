"""`./sims` before anything is installed: what it decides, says and refuses."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.source import ROOT


def _load(path: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("sims_command", str(path))
    spec = importlib.util.spec_from_loader("sims_command", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


@pytest.fixture
def fresh_checkout(tmp_path: Path) -> Path:
    """The files that `./sims` reads, in a folder where nothing is installed."""
    for name in ("sims", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _mark_as_installed(command: ModuleType) -> str:
    command.PYTHON.parent.mkdir(parents=True)
    command.PYTHON.touch()
    wanted: str = command.fingerprint()
    command.STAMP.write_text(wanted)
    return wanted


def test_an_unknown_command_gets_the_list_and_installs_nothing(fresh_checkout: Path) -> None:
    for arguments, code in (([], 2), (["dance"], 2), (["--help"], 0)):
        ran = subprocess.run(
            [sys.executable, str(fresh_checkout / "sims"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == code
        assert "usage: ./sims" in ran.stdout + ran.stderr
    assert not (fresh_checkout / ".venv").exists()


def test_it_needs_nothing_but_the_standard_library(fresh_checkout: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(fresh_checkout / "sims"), "--help"], capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_another_lock_or_place_asks_for_another_installation(fresh_checkout: Path, tmp_path: Path) -> None:
    command = _load(fresh_checkout / "sims")
    wanted = _mark_as_installed(command)
    assert command.is_installed(wanted)
    with (fresh_checkout / "requirements.lock").open("a") as lock:
        lock.write("# another\n")
    assert not command.is_installed(command.fingerprint())
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("sims", "pyproject.toml", "requirements.lock"):
        shutil.copy(fresh_checkout / name, moved / name)
    assert _load(moved / "sims").fingerprint() != command.fingerprint()


def test_tool_settings_do_not_ask_for_another_installation(fresh_checkout: Path) -> None:
    command = _load(fresh_checkout / "sims")
    wanted = _mark_as_installed(command)
    with (fresh_checkout / "pyproject.toml").open("a") as project:
        project.write('\n[tool.somebody]\ncolour = "green"\n')
    assert command.fingerprint() == wanted


def test_an_interrupted_installation_does_not_count(fresh_checkout: Path) -> None:
    command = _load(fresh_checkout / "sims")
    wanted = _mark_as_installed(command)
    command.UNFINISHED.touch()
    assert not command.is_installed(wanted)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system packages of Debian")
def test_without_the_right_to_install_it_prints_the_command_and_stops(
    fresh_checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = _load(fresh_checkout / "sims")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as stopped:
        command.ensure_libraries({"libnobodyhasit.so.7": "libnobodyhasit7", "libc.so.6": "libc6"})
    assert stopped.value.code == 3
    told = capsys.readouterr().err
    assert "libnobodyhasit.so.7" in told
    assert "sudo apt-get install -y --no-install-recommends libnobodyhasit7\n" in told.replace(
        "update && ", "\n"
    )


def test_qt_loads_with_the_libraries_we_name(fresh_checkout: Path) -> None:
    command = _load(fresh_checkout / "sims")
    missing = [name for name in command.LIBRARIES if not command.has_library(name)]
    assert missing == []
