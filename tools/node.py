"""Node.js and the packages of `node/package.json`, under `.venv`.

Node.js comes as a Python package (`requirements-lint.txt`), so that a machine needs
neither Node.js nor npm. `node/package-lock.json` has the versions and hashes of all
packages; after a change of `package.json`, write it anew in that folder by
`npm install --package-lock-only --omit-lockfile-registry-resolved`.
"""

import hashlib
import os
import shutil
from pathlib import Path

from .console import DevError, step
from .locks import exclusive
from .paths import LOGS, TOOLS, VENV
from .processes import stream

SOURCE = TOOLS / "node"
FOLDER = VENV / "node"
_FILES = ("package.json", "package-lock.json")
_STAMP = VENV / ".installed-node"
_PROGRAMS = {
    "prettier": "prettier/bin/prettier.cjs",
    "eslint": "eslint/bin/eslint.js",
}
_NO_PACKAGES = (
    "npm could not get what tools/node/package.json lists (see {log}): connect to the "
    "network, or set npm_config_registry to a registry that you reach"
)


def need() -> None:
    """Make sure that the packages are there in exactly these versions."""
    if _is_current():
        return
    with exclusive("setup"):
        if not _is_current():
            _install()


def program(name: str) -> list[str]:
    """Return the argv that starts a program."""
    return [
        str(VENV / "bin" / "node"),
        str(FOLDER / "node_modules" / _PROGRAMS[name]),
    ]


def library(name: str) -> Path:
    """Return a file of a package, as `axe-core/axe.min.js`."""
    return FOLDER / "node_modules" / name


def variables() -> dict[str, str]:
    """Return variables by which configuration files find their plugins."""
    return {"NODE_PATH": str(FOLDER / "node_modules")}


def _is_current() -> bool:
    return _STAMP.exists() and _STAMP.read_text() == _digest()


def _digest() -> str:
    text = b"".join((SOURCE / name).read_bytes() for name in _FILES)
    return hashlib.sha256(text).hexdigest()


def _install() -> None:
    """Install all packages, or none."""
    FOLDER.mkdir(exist_ok=True)
    for name in _FILES:
        shutil.copy(SOURCE / name, FOLDER / name)
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "npm.log"
    log.unlink(missing_ok=True)
    # npm looks for a program called node.
    path = os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]])
    with step("npm packages for lint"):
        argv = [VENV / "bin" / "npm", "ci", "--no-audit", "--no-fund"]
        if stream(argv, lambda _: None, env={"PATH": path}, log=log, cwd=FOLDER):
            raise DevError(_NO_PACKAGES.format(log=log))
    _STAMP.write_text(_digest())
