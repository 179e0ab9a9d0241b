"""Find Odoo 19, or get Debian's package of it without touching the system.

Debian has `odoo-19` in its suite `sid` only. It is downloaded by apt itself (mirror and
signature check of this machine) into private folders and unpacked, never installed.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from . import environment
from .console import DevError, Progress, say, step
from .locks import exclusive
from .paths import DOWNLOADS, LOGS, MADE
from .processes import child, output, stream

SERIES = 19
UNPACKED = MADE / "odoo-19"

# Odoo's package and the targets of its symbolic links. Two fonts come from bookworm:
# sid has Font Awesome 7 and Inconsolata 3, which lack the files that Odoo 19 uses.
PACKAGES = {
    "odoo-19": "sid",
    "libjs-jquery": "sid",
    "libjs-jquery-form": "sid",
    "libjs-underscore": "sid",
    "fonts-font-awesome": "bookworm",
    "fonts-inconsolata": "bookworm",
    "fonts-montserrat": "sid",
    "fonts-ocr-b": "sid",
    "fonts-roboto-unhinted": "sid",
}
_NEEDED_GB = 3  # unpacked, the packages, room for the first databases
_KEYRINGS = Path("/usr/share/keyrings")
_NOT_DEBIAN = (
    "no Odoo 19 here, and getting one needs Debian's apt-get and dpkg-deb: "
    "give the folder of an Odoo 19 by ODOO_HOME=FOLDER or --odoo FOLDER"
)
_NO_NETWORK = (
    "apt could not get Odoo ({reason}): connect to the network, or put the .deb files "
    "of {names} into {folder}, or give an Odoo 19 by ODOO_HOME=FOLDER"
)


@dataclass(frozen=True)
class Odoo:
    """An Odoo 19 on this machine."""

    package_path: Path  # the folder that holds the Python package `odoo`
    addons: tuple[Path, ...] = ()  # addons folders outside of the package
    importable: bool = False  # by the Python that runs `./dev`, with what it needs

    @property
    def build(self) -> str:
        """Changes whenever another build of Odoo is used; part of cache keys."""
        release = self.package_path / "odoo" / "release.py"
        return f"{self.package_path}:{release.stat().st_mtime_ns}"


def find_odoo(path: str | None = None) -> Odoo:
    """Return the Odoo to use with its Python needs, downloading if needed."""
    given = path or os.environ.get("ODOO_HOME")
    if given:
        odoo = from_folder(Path(given).expanduser().resolve())
        environment.need("odoo", "addon")
    elif odoo := _importable():
        environment.share_packages(odoo.package_path)
        environment.need("addon")
    else:
        environment.need("odoo", "addon")
        odoo = _from_debian()
    return odoo


def from_folder(home: Path) -> Odoo:
    """Recognise a source checkout, package folder or unpacked package.

    The unpacked package is Debian's.
    """
    for package_path in (home, home / "usr/lib/python3/dist-packages", home.parent):
        if (package_path / "odoo" / "release.py").exists():
            _check_series(package_path)
            beside = package_path / "addons"
            # Debian has all addons in the package, and beside it only their Python.
            checkout = not (package_path / "odoo" / "addons" / "web").exists()
            return Odoo(package_path, (beside,) if checkout and beside.exists() else ())
    raise DevError(f"{home} holds no Odoo: no file odoo/release.py in it")


def _check_series(package_path: Path) -> None:
    """Refuse another series than 19 before anything is created with it."""
    text = (package_path / "odoo" / "release.py").read_text()
    match = re.search(r"^version_info\s*=\s*\(\s*'?([\w~]+)'?", text, re.MULTILINE)
    series = match[1] if match else "unknown"
    if series != str(SERIES):
        raise DevError(
            f"{package_path} is Odoo {series}, this addon needs Odoo {SERIES}: "
            f"give another folder by ODOO_HOME or --odoo, or leave both out"
        )


def _importable() -> Odoo | None:
    """Return an `odoo` 19 that the running Python can import, if there is one."""
    try:
        spec = importlib.util.find_spec("odoo")
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in map(Path, places):
        if (place / "release.py").exists():
            return replace(from_folder(place.parent), importable=True)
    return None


def _from_debian() -> Odoo:
    """Use the unpacked Debian package; get it first on the first start."""
    if not UNPACKED.exists():
        with exclusive("setup"):
            if not UNPACKED.exists():
                _check_space()
                _download_missing()
                _unpack()
    return from_folder(UNPACKED)


def _check_space() -> None:
    free = shutil.disk_usage(MADE).free
    if free < _NEEDED_GB << 30:
        raise DevError(
            f"the disk is nearly full ({free >> 20} MB free in {MADE.parent}): Odoo "
            f"needs about {_NEEDED_GB} GB, free them and run the command again"
        )


# Download


def _download_missing() -> None:
    """Download the packages that are missing in the downloads folder."""
    if not shutil.which("dpkg-deb"):
        raise DevError(_NOT_DEBIAN)
    missing = [name for name in PACKAGES if not _downloaded(name)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise DevError(_NOT_DEBIAN)
    apt = _private_apt(_mirror())
    with step("Debian's package lists of sid") as progress:
        _apt([*apt, "update", "--error-on=any"], progress)
    _check_available(apt)
    with step(f"Odoo 19 ({len(missing)} Debian packages)") as progress:
        _fetch(apt, missing, progress)


def _downloaded(name: str) -> Path | None:
    return next(DOWNLOADS.glob(f"{name}_*.deb"), None)


def _mirror() -> str:
    """Return the Debian mirror that this machine's apt uses."""
    fields = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)"
    lines = output(["apt-get", "indextargets", "--format", fields]).splitlines()
    targets = [line.split("|") for line in lines if line.count("|") == 2]
    known = [uri for origin, suite, uri in targets if origin == "Debian"]
    # Without downloaded lists apt cannot tell the origin; the folder's name can.
    likely = [uri for *_rest, uri in targets if uri.rstrip("/").endswith("/debian")]
    for uri in [*known, *likely]:
        if "security" not in uri:
            return uri
    raise DevError(f"apt knows no Debian mirror on this machine; {_NOT_DEBIAN}")


def _private_apt(mirror: str) -> list[str]:
    """Return an apt-get command with lists, caches and sources of its own."""
    root = MADE / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "sources", "empty"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    (root / "sources" / "odoo.sources").write_text(_sources(mirror))
    settings = {
        "Dir::State": root,
        "Dir::State::status": root / "status",
        "Dir::Cache": root / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": root / "sources",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": root / "empty",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "APT::Sandbox::User": "root",  # our folders need not be open to apt's user
        "APT::Update::Post-Invoke-Success": "",
        "APT::Status-Fd": "1",
    }
    options = [f"-o{key}={value}" for key, value in settings.items()]
    return ["apt-get", "-q", *options]


def _sources(mirror: str) -> str:
    """Return the sources list.

    Every signature is checked against Debian's keys.
    """
    keyring = _KEYRINGS / "debian-archive-keyring.gpg"
    if not keyring.exists():
        keyring = keyring.with_suffix(".pgp")
    suites = " ".join(sorted(set(PACKAGES.values()), reverse=True))
    return (
        f"Types: deb\nURIs: {mirror}\nSuites: {suites}\nComponents: main\n"
        f"Signed-By: {keyring}\n"
    )


def _apt(argv: Sequence[str], progress: Progress, cwd: Path | None = None) -> None:
    """Run apt and show the percentage which it reports on its status lines."""
    errors: list[str] = []

    def on_line(line: str) -> None:
        if line.startswith("dlstatus:"):
            progress.show(f"{float(line.split(':')[2]):.0f} %")
        elif line.startswith("E:"):
            errors.append(line.removeprefix("E:").strip())

    LOGS.mkdir(parents=True, exist_ok=True)
    if stream(argv, on_line, log=LOGS / "apt.log", cwd=cwd):
        raise DevError(_explain(errors))


def _explain(errors: Sequence[str]) -> str:
    """Return the remedy for apt's first complaint."""
    reason = errors[0] if errors else f"see {LOGS / 'apt.log'}"
    names = ", ".join(PACKAGES)
    return _NO_NETWORK.format(reason=reason, names=names, folder=DOWNLOADS)


def _check_available(apt: Sequence[str]) -> None:
    policy = output(["apt-cache", *apt[2:-1], "madison", "odoo-19"])
    if "odoo-19" not in policy:
        raise DevError(_explain(["sid on this mirror has no odoo-19"]))


def _fetch(apt: Sequence[str], names: Sequence[str], progress: Progress) -> None:
    """Download beside, then move.

    A broken download is never taken for a whole one.
    """
    partial = MADE / "downloads.new"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    DOWNLOADS.mkdir(exist_ok=True)
    targets = [f"{name}/{PACKAGES[name]}" for name in names]
    _apt([*apt, "download", *targets], progress, cwd=partial)
    for file in partial.glob("*.deb"):
        file.rename(DOWNLOADS / file.name)
    partial.rmdir()


# Unpack


def _unpack() -> None:
    """Unpack all packages into one tree, complete or not at all."""
    new = UNPACKED.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    with step("Unpacking Odoo 19") as progress:
        for name in PACKAGES:
            _unpack_one(_downloaded(name), new, progress)
    dangling = _dangling_links(new)
    if dangling:
        say(f"Note: {len(dangling)} files of Odoo are missing, e.g. {dangling[0]}")
    new.rename(UNPACKED)


def _unpack_one(package: Path, target: Path, progress: Progress) -> None:
    """Pipe dpkg-deb's tar stream into tar, counting what passes."""
    reader = ["dpkg-deb", "--fsys-tarfile", package]
    # "no-same-owner": root would otherwise create files of unknown owners.
    writer = ["tar", "-x", "--no-same-owner", "-C", target]
    quiet = {"stderr": subprocess.DEVNULL}
    with child(reader, stdout=subprocess.PIPE, **quiet) as source:
        with child(writer, stdin=subprocess.PIPE, **quiet) as sink:
            with suppress(BrokenPipeError):
                _pump(source.stdout, sink.stdin, progress)
            codes = sink.wait(), source.wait()
    if any(codes):
        raise DevError(
            f"{package.name} could not be unpacked (disk full, or a broken file): "
            f"free about {_NEEDED_GB} GB or delete {package}, then run it again"
        )


def _pump(source: BinaryIO, sink: BinaryIO, progress: Progress) -> None:
    done = 0
    with sink:
        while block := source.read(1 << 20):
            sink.write(block)
            done += len(block)
            progress.show(f"{done >> 20} MB")


def _dangling_links(root: Path) -> list[Path]:
    links = (path for path in root.rglob("*") if path.is_symlink())
    return [path for path in links if not path.exists()]
