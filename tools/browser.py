"""A Chromium for the tests in a browser and for screenshots.

One on the machine is used. Else Playwright's own download is tried, into `.odoo` and
without touching the system, and then, for root, Debian's package. Odoo and the tests
find it by its name on the PATH.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from . import environment
from .console import DevError, say, step
from .locks import exclusive
from .paths import LOGS, MADE, PYTHON
from .processes import stream

# The names by which Odoo looks for it, too.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
FOLDER = MADE / "browser"  # Playwright's downloads
BIN = FOLDER / "bin"
MISSING = (
    "no Chromium here, and none could be had: tests in a browser cannot run. Install "
    "one (Debian, as root: apt-get install chromium), or let {python} -m playwright "
    "install chromium reach the network"
)
_CHINESE_FONT = "fonts-wqy-microhei"


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    if str(BIN) not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] += os.pathsep + str(BIN)
    return next(filter(None, map(shutil.which, NAMES)), None)


def need() -> str:
    """Return the path of a Chromium, after getting one if need be."""
    if path := find():
        return path
    environment.need("test")
    with exclusive("browser"):
        path = find() or _from_playwright() or _from_debian()
    if not path:
        raise DevError(MISSING.format(python=PYTHON))
    return path


def _from_playwright() -> str | None:
    """Have Playwright download its Chromium; return None if it fails to start."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    env = {"PLAYWRIGHT_BROWSERS_PATH": str(FOLDER)}
    argv = [PYTHON, "-m", "playwright", "install", "--no-shell", "chromium"]
    with step("Chromium from Playwright") as progress:
        stream(argv, progress.show, env=env, log=_log())
    found = next(FOLDER.glob("chromium-*/chrome-*/chrome"), None)
    if not found or not _starts(found):
        say("Playwright's Chromium cannot be had here, or does not start.")
        return None
    BIN.mkdir(exist_ok=True)
    (BIN / "chromium").unlink(missing_ok=True)
    (BIN / "chromium").symlink_to(found)
    return find()


def _starts(path: Path) -> bool:
    """On a bare machine it may lack libraries."""
    argv = [path, "--headless", "--no-sandbox", "--version"]
    with suppress(OSError, subprocess.TimeoutExpired):
        return not subprocess.run(argv, capture_output=True, timeout=60).returncode
    return False


def _from_debian() -> str | None:
    """Install Debian's package, and a font for the screens in Chinese."""
    if os.getuid() or not shutil.which("apt-get"):
        return None
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-q", "install", "-y", "--no-install-recommends"]
    with step("Chromium from Debian") as progress:
        # A part of apt's sources may be out of reach: only the install counts.
        stream(["apt-get", "-q", "update"], progress.show, env=env, log=_log())
        stream([*install, "chromium"], progress.show, env=env, log=_log())
        stream([*install, _CHINESE_FONT], progress.show, env=env, log=_log())
    return find()


def _log() -> Path:
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / "browser.log"
