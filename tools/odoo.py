"""Odoo's command line with connection, addons path and data folder set.

For other Python code (tests, benchmarks), inside of a `./dev` command or by itself:

    from tools import odoo
    with odoo.session() as session:        # PostgreSQL runs inside of the block
        session.command()                  # argv: [python, "-m", "odoo"]
        session.env                        # PG*, ODOO_RC, PYTHONPATH
        session.run("shell", "-d", "demo") # exit code, on the user's terminal
        with session.serve("demo") as server: # a web server, stopped after the block
            server.url
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import ports, postgres, processes
from .console import DevError, Progress
from .get_odoo import Odoo, find_odoo
from .paths import CONFIG, DATA, LOGS, PYTHON, ROOT, STATE, TEST_ADDONS

_LOADING = re.compile(r"odoo\.modules\.loading: Loading module (\w+) \((\d+)/(\d+)\)")
_LOG_LEVEL = re.compile(r"^\S+ \S+ \d+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) ")


@dataclass
class WebServer:
    """A running web server of Odoo."""

    url: str
    process: subprocess.Popen
    log: Path


@dataclass
class Session:
    """An Odoo and a running PostgreSQL server."""

    odoo: Odoo
    pg: dict[str, str]
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        write_config(self.odoo, self.pg)
        self.env = {**self.pg, "ODOO_RC": str(CONFIG)}
        if not self.odoo.importable:
            home = str(self.odoo.package_path)
            path = [home, os.environ.get("PYTHONPATH", "")]
            self.env["PYTHONPATH"] = os.pathsep.join(filter(None, path))
            self.env["ODOO_HOME"] = home  # for the test's own processes

    def command(self, *args: str) -> list[str]:
        """Return the argv of Odoo's command line."""
        return [str(PYTHON), "-m", "odoo", *args]

    def run(self, *args: str) -> int:
        """Run Odoo's command line on the user's terminal."""
        return processes.run(self.command(*args), env=self.env)

    def stream(
        self,
        *args: str,
        on_line: Callable[[str], None],
        log: Path | None = None,
        stdin: str | None = None,
        silence: processes.Silence | None = None,
    ) -> int:
        """Run Odoo's command line and give each line that it logs to `on_line`."""
        argv, options = self.command(*args), {"stdin": stdin, "silence": silence}
        return processes.stream(argv, on_line, env=self.env, log=log, **options)

    @contextmanager
    def serve(
        self, database: str, *args: str, port: int | None = None
    ) -> Iterator[WebServer]:
        """Serve one database on a free port for the length of the block."""
        port = port or ports.free_port()
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{database}-server.log"
        argv = self.command("-d", database, f"--db-filter=^{re.escape(database)}$")
        argv += [f"--http-port={port}", f"--logfile={log}", *args]
        env = processes.merged(self.env)
        with (
            open(log, "ab") as out,
            processes.child(argv, env=env, stderr=out) as process,
        ):
            if not ports.wait_for_http(port, lambda: process.poll() is None):
                raise DevError(f"Odoo's web server does not start on {port}: see {log}")
            yield WebServer(f"http://{ports.HOST}:{port}", process, log)

    def module_path(self, name: str) -> Path | None:
        """Return the folder of a module on the addons path."""
        for folder in (*addons_path(self.odoo), self.odoo.package_path / "odoo/addons"):
            if (folder / name / "__manifest__.py").exists():
                return folder / name
        return None

    def update(
        self,
        database: str,
        progress: Progress,
        install: Sequence[str] = (),
        upgrade: Sequence[str] = (),
        demo: bool = False,
    ) -> None:
        """Install or upgrade modules, showing how many of them are done."""
        for name in (*install, *upgrade):
            if not self.module_path(name):
                raise DevError(f"there is no module {name} on the addons path")
        args = [
            "-d",
            database,
            "--stop-after-init",
            "--max-cron-threads=0",
            "--no-http",
        ]
        args += ["-i", ",".join(install)] if install else []
        args += ["-u", ",".join(upgrade)] if upgrade else []
        args += ["--with-demo"] if demo else []
        self._logged(args, database, progress)

    def _logged(self, args: list[str], database: str, progress: Progress) -> None:
        """Run Odoo with progress; its first error becomes the message."""
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{database}.log"
        log.unlink(missing_ok=True)
        errors: list[str] = []

        def on_line(line: str) -> None:
            if match := _LOADING.search(line):
                progress.show(f"{match[2]}/{match[3]} {match[1]}")
            elif (level := log_level(line)) in ("ERROR", "CRITICAL"):
                errors.append(line.partition(f" {level} ")[2])

        if self.stream(*args, on_line=on_line, log=log):
            reason = errors[0] if errors else "no error in the log"
            raise DevError(f"Odoo failed on database {database} ({reason}): see {log}")


def log_level(line: str) -> str | None:
    """Return the level of a line that starts an entry of Odoo's log."""
    match = _LOG_LEVEL.match(line)
    return match[1] if match else None


def addons_path(odoo: Odoo) -> list[Path]:
    """Return our addons, our test helpers and the folder of Odoo's package."""
    ours = [path for path in (ROOT, TEST_ADDONS) if any(path.glob("*/__manifest__.py"))]
    return [*ours, *odoo.addons]


def write_config(odoo: Odoo, pg: dict[str, str]) -> None:
    """Write Odoo's configuration file.

    Commands at the same time write the same.
    """
    settings = {
        "addons_path": ",".join(map(str, addons_path(odoo))),
        "data_dir": DATA,
        "db_host": pg.get("PGHOST"),
        "db_port": pg.get("PGPORT"),
        "db_user": pg.get("PGUSER"),
        "db_password": pg.get("PGPASSWORD"),
        "http_interface": ports.HOST,
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items() if value]
    text = "[options]\n" + "".join(lines)
    if CONFIG.exists() and CONFIG.read_text() == text:
        return
    DATA.mkdir(parents=True, exist_ok=True)
    new = STATE / f"odoo.conf.{os.getpid()}"
    new.write_text(text)
    new.rename(CONFIG)


@contextmanager
def session(path: str | None = None) -> Iterator[Session]:
    """Yield Odoo with a running PostgreSQL server, getting both if need be."""
    odoo = find_odoo(path)
    with postgres.server() as pg:
        yield Session(odoo, pg)
