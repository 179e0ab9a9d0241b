"""The virtual environment `.venv` with the pinned packages.

They are pinned in `requirements-*.txt`.
"""

import hashlib
import re
import site
import subprocess
import sys
from pathlib import Path

from .console import DevError, step
from .locks import exclusive
from .paths import LOGS, PYTHON, ROOT, TOOLS, VENV
from .processes import stream

_MISSING_VENV = (
    "Python's venv is incomplete: install it (Debian: apt-get install python3-venv) "
    "and run the command again"
)
_NO_PACKAGES = (
    "pip could not get what {file} lists ({reason}): connect to the network, or put "
    "the wheels into a folder and set PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER"
)


def need(*names: str) -> None:
    """Make sure that `.venv` has the packages of `requirements-NAME.txt`."""
    if all(_is_current(name) for name in names):
        return
    with exclusive("setup"):
        _make_venv()
        for name in names:
            if not _is_current(name):
                _install(name)


def share_packages(*folders: Path) -> None:
    """Let `.venv` also see the running Python's packages, behind its own."""
    if Path(sys.prefix) == VENV:
        return
    places = [*map(str, folders), *site.getsitepackages(), site.getusersitepackages()]
    with exclusive("setup"):
        _make_venv()
        target = next(VENV.glob("lib/python3*/site-packages")) / "shared.pth"
        text = "".join(f"{place}\n" for place in dict.fromkeys(places))
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def _requirements(name: str) -> Path:
    return TOOLS / f"requirements-{name}.txt"


def _stamp(name: str) -> Path:
    return VENV / f".installed-{name}"


def _is_current(name: str) -> bool:
    """Was exactly this file installed to its end, for the Python of `.venv`?"""
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == _digest(name) and PYTHON.exists()


def _digest(name: str) -> str:
    return hashlib.sha256(_requirements(name).read_bytes()).hexdigest()


def _make_venv() -> None:
    """Create `.venv`, or make it anew where an earlier start was interrupted."""
    complete = VENV / ".complete"
    if complete.exists() and PYTHON.exists():
        return
    with step(f"Python environment .venv (Python {sys.version.split()[0]})"):
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            capture_output=True,
            text=True,
        )
    if made.returncode:
        raise DevError(_MISSING_VENV)
    complete.touch()


def _install(name: str) -> None:
    """Install one requirements file, showing which package pip is at."""
    requirements = _requirements(name)
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"pip-{name}.log"
    log.unlink(missing_ok=True)
    errors: list[str] = []
    with step(f"Python packages for {name}") as progress:

        def on_line(line: str) -> None:
            if match := re.match(r"\s*(?:Collecting|Downloading) ([^\s;<>=]+)", line):
                progress.show(match[1].rpartition("/")[2])
            elif line.startswith("Installing collected"):
                progress.show("installing")
            elif line.startswith("ERROR:"):
                errors.append(line.removeprefix("ERROR:").strip())

        argv = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
        code = stream([*argv, "--requirement", requirements], on_line, log=log)
        if code:
            reason = errors[0] if errors else f"see {log}"
            file = requirements.relative_to(ROOT)
            raise DevError(_NO_PACKAGES.format(file=file, reason=reason))
    _stamp(name).write_text(_digest(name))
