"""Locks that live in a folder and die with the process that holds them.

A file that merely exists says nothing after a SIGKILL: its writer may be gone and its process id
taken by a stranger. The operating system drops the locks below at the moment their holder ends,
however it ends, so nobody ever has to guess whether a lock is stale.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _FAIL_IMMEDIATELY, _EXCLUSIVE = 1, 2

    class _Overlapped(ctypes.Structure):
        _fields_ = (
            ("Internal", ctypes.c_void_p),
            ("InternalHigh", ctypes.c_void_p),
            ("Offset", wintypes.DWORD),
            ("OffsetHigh", wintypes.DWORD),
            ("hEvent", wintypes.HANDLE),
        )

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

    def _lock(descriptor: int, *, exclusive: bool, wait: bool) -> bool:
        flags = (_EXCLUSIVE if exclusive else 0) | (0 if wait else _FAIL_IMMEDIATELY)
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        return bool(_kernel32.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(_Overlapped())))
else:
    import fcntl

    def _lock(descriptor: int, *, exclusive: bool, wait: bool) -> bool:
        flags = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, flags)
        except BlockingIOError:
            return False
        return True


class FolderLock:
    """One lock file. Holders share it (`shared`) or hold it alone (`exclusive`); both wait without a
    limit, the `try_` forms answer at once whether they got it. Two objects on the same path are two
    holders, also within one process. `release`, or the end of the process, gives it back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def _take(self, *, exclusive: bool, wait: bool) -> bool:
        if self._descriptor is not None:
            raise RuntimeError(f"{self.path} is already held by this object")
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if _lock(descriptor, exclusive=exclusive, wait=wait):
            self._descriptor = descriptor
            return True
        os.close(descriptor)
        return False

    def shared(self) -> FolderLock:
        self._take(exclusive=False, wait=True)
        return self

    def exclusive(self) -> FolderLock:
        self._take(exclusive=True, wait=True)
        return self

    def try_shared(self) -> bool:
        return self._take(exclusive=False, wait=False)

    def try_exclusive(self) -> bool:
        return self._take(exclusive=True, wait=False)

    def release(self) -> None:
        """Gives the lock back; without effect when this object does not hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        """Whether somebody else holds it in any way at this moment."""
        probe = FolderLock(self.path)
        if probe.try_exclusive():
            probe.release()
            return False
        return True

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
