"""Locks between `./dev` commands.

The kernel frees them when a process dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .console import say
from .paths import STATE


def open_lock(name: str) -> int:
    """Return a file descriptor on the lock file of this name."""
    STATE.mkdir(parents=True, exist_ok=True)
    return os.open(STATE / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Let one command at a time into the block."""
    handle = open_lock(name)
    try:
        if not take_alone(handle):
            say(f"Waiting for another ./dev command ({name}) ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def share(handle: int) -> None:
    """Wait until nobody holds the lock alone, then share it with others."""
    fcntl.flock(handle, fcntl.LOCK_SH)


def take_alone(handle: int) -> bool:
    """Try to hold the lock alone, without waiting."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
