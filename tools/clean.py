"""`./dev clean`: remove the files of the other commands."""

import os
import shutil
from pathlib import Path

from . import postgres
from .console import DevError, say
from .locks import open_lock, take_alone
from .paths import DOWNLOADS, MADE, VENV


def clean(everything: bool = False) -> int:
    """Remove databases, Odoo and `.venv`.

    The downloads only if everything is to be removed.
    """
    handles = [open_lock("pg"), open_lock("day")]
    try:
        if not all(map(take_alone, handles)):
            raise DevError("another ./dev command is running: end it first")
        postgres.stop()
        _remove(MADE, kept=None if everything else DOWNLOADS)
        _remove(VENV)
    finally:
        for handle in handles:
            os.close(handle)
    say("Removed databases, Odoo, logs and .venv.")
    return 0


def _remove(folder: Path, kept: Path | None = None) -> None:
    if not folder.exists():
        return
    for path in folder.iterdir():
        if path == kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
