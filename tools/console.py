"""Output for the user: one line per step, one changing for long parts."""

import errno
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class DevError(Exception):
    """An error that the user can correct; its text is the remedy.

    In one line.
    """


def say(text: str) -> None:
    """Print one line for the user at once, whatever stdout is connected to."""
    print(text, flush=True)


class Progress:
    """One line that changes on a terminal; elsewhere a line every ten seconds."""

    _interval = 10.0

    def __init__(self, title: str) -> None:
        self.title = title
        self._tty = sys.stderr.isatty()
        self._started = time.monotonic()
        self._next = self._started + self._interval

    def show(self, state: str) -> None:
        """Replace the text behind the title."""
        if self._tty:
            self._write(f"\r\x1b[K{self.title} {state}"[: self._width()])
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self._interval
            self._write(f"{self.title} {state}\n")

    def done(self, state: str = "done") -> None:
        """Close the line with the time it took."""
        seconds = time.monotonic() - self._started
        start = "\r\x1b[K" if self._tty else ""
        self._write(f"{start}{self.title} {state} ({seconds:.1f} s)\n")

    @staticmethod
    def _width() -> int:
        return shutil.get_terminal_size().columns + 3

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


@contextmanager
def step(title: str) -> Iterator[Progress]:
    """Show a progress line around a long part."""
    progress = Progress(title)
    progress.show("...")
    yield progress
    progress.done()


def explain_os_error(error: OSError) -> str:
    """One sentence for the errors of the machine that users really meet."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}: free about 4 GB, then run the command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write{where}: run as the owner of this folder"
    return f"{error.strerror or error}{where}"
