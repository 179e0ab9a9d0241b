"""`./dev test`: every kind of tests, one number at the end.

Kinds: tools, engine (pure pandas), odoo (the core's own tests, where no glue is, as
most will have it), glue (the glue addons' tests, beside the apps that they are made
for), setup (install, upgrade, uninstall) and outside (against a running Odoo, on demo
data). All of them run as two processes, one a core. Tests from outside find in their
environment what `tools.odoo.session()` sets (PGHOST, PGPORT, PGUSER, ODOO_RC,
PYTHONPATH) and
    DEMO_DATABASE   a database with demo data and our addons, not to be changed
so that `from tools import odoo, databases` works there as in `./dev` itself.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from . import browser, counts, databases, environment, ports, processes
from .console import DevError, say, step
from .counts import Counts
from .odoo import Session, session
from .paths import (
    LOGS,
    PYTHON,
    ROOT,
    TOOLS,
    core_modules,
    glue_modules,
    repository_modules,
)

KINDS = ("tools", "engine", "odoo", "glue", "setup", "outside")
# All tests run as two processes; these kinds take about as long as the others.
BESIDE = ("engine", "glue", "outside")
WITH_BROWSER = ("odoo", "glue", "outside")
SLOWEST = 20
_REPORT = "DEV_TEST_REPORT"
SETUP = ROOT / "tests" / "outside" / "setup"
ENGINE = ROOT / "customer_classification" / "tests" / "engine"
_Result = tuple[str, Counts, float]  # kind or path, its tests, seconds
_TEST_DATABASE = re.compile(r"test_(?:odoo|glue|demo)_(\d+)")


def test(what: Sequence[str] = ()) -> int:
    """Run kinds of tests or paths, print the closing line, return the exit code."""
    environment.need("addon", "test")
    names = targets(what)
    missing = _need_browser() if any(map(_uses_browser, names)) else []
    if what:
        results = [_timed(name) for name in names]
    else:
        with _beside() as others:
            results = [_timed(name) for name in KINDS if name not in BESIDE]
            results += others()
        results.sort(key=lambda result: (*KINDS, result[0]).index(result[0]))
    results += missing
    for name, result, seconds in results:
        say(f"{name:12} {str(result):32} {seconds:6.1f} s")
        for failure in result.failures:
            say(f"    {failure}")
    total = counts.total(result for _name, result, _seconds in results)
    if not what:
        _tell_slowest(total)
    say(str(total))
    _tell(results)
    return 1 if total.failed or not total.passed else 0


def _tell_slowest(total: Counts) -> None:
    say(f"The {SLOWEST} slowest tests:")
    slowest = sorted(total.seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    for name, seconds in slowest:
        say(f"{seconds:8.1f} s  {name}")


def targets(what: Sequence[str]) -> list[str]:
    """Check names and paths before the first test runs."""
    targets = list(what) or list(KINDS)
    for target in targets:
        if target not in KINDS and not Path(target.partition("::")[0]).exists():
            kinds = ", ".join(KINDS)
            raise DevError(f"{target} is neither a kind of tests ({kinds}) nor a path")
    return targets


def _uses_browser(target: str) -> bool:
    """Whether some of these tests may look at screens."""
    if target in KINDS:
        return target in WITH_BROWSER
    path = Path(target.partition("::")[0]).resolve()
    if path.is_relative_to(ENGINE):
        return False
    ours = [ROOT / name for name in repository_modules()]
    return any(path.is_relative_to(folder) for folder in (*ours, SETUP.parent))


def _need_browser() -> list[_Result]:
    """Get a browser. Without one Odoo skips tests, which is not to look like a pass."""
    started = time.monotonic()
    try:
        browser.need()
    except DevError as error:
        reason = f"tests in a browser did not run: {error}"
        lost = Counts(failed=1, failures=[reason])
        return [("browser", lost, time.monotonic() - started)]
    return []


@contextmanager
def _beside() -> Iterator[Callable[[], list[_Result]]]:
    """Let half of the kinds use the second core, in a process of their own.

    Yields what waits for them, prints what they said and returns their results.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    report = LOGS / f"tests-{os.getpid()}.json"
    env = processes.merged({_REPORT: str(report)})
    argv = [PYTHON, ROOT / "dev", "test", *BESIDE]
    with (
        open(LOGS / "tests-beside.log", "w+b") as log,
        processes.child(
            argv, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=ROOT
        ) as process,
    ):

        def results() -> list[_Result]:
            process.wait()
            log.seek(0)
            say(log.read().decode(errors="replace").rstrip())
            if not report.exists():
                lost = Counts(failures=["they did not come to their end"], failed=1)
                return [(", ".join(BESIDE), lost, 0.0)]
            found = json.loads(report.read_text())
            return [(name, Counts(**given), took) for name, given, took in found]

        try:
            yield results
        finally:
            report.unlink(missing_ok=True)


def _tell(results: Sequence[_Result]) -> None:
    """Write the results for the process that started this one, if there is one."""
    if path := os.environ.get(_REPORT):
        rows = [(name, asdict(result), took) for name, result, took in results]
        Path(path).write_text(json.dumps(rows))


def _timed(target: str) -> _Result:
    say(f"== {target}")
    started = time.monotonic()
    result = _run(target)
    return target, result, time.monotonic() - started


def _run(target: str) -> Counts:
    if target in ("odoo", "glue"):
        glue = target == "glue"
        ours = glue_modules() if glue else core_modules()
        return _odoo_tests([f"/{name}" for name in ours], beside_apps=glue)
    if target == "setup":
        return _on_odoo(SETUP)
    if target == "outside":
        return _outside(SETUP.parent, f"--ignore={SETUP}")
    if target in KINDS:
        return _pytest(ENGINE if target == "engine" else ROOT / "tests" / target, {})
    path = Path(target.partition("::")[0]).resolve()
    if path.is_relative_to(ENGINE):
        return _pytest(Path(target), {})
    module = path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) else ""
    if module in repository_modules():
        return _odoo_tests(_tags_of(path), beside_apps=module in glue_modules())
    if path.is_relative_to(SETUP):
        return _on_odoo(Path(target))
    if path.is_relative_to(SETUP.parent):
        return _outside(Path(target))
    return _pytest(Path(target), {})


# pytest


def _pytest(path: Path, env: dict[str, str], *args: str) -> Counts:
    LOGS.mkdir(parents=True, exist_ok=True)
    report = LOGS / f"pytest-{os.getpid()}.xml"
    argv = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}", *args, path]
    try:
        return counts.from_junit(report, processes.run(argv, env=env, cwd=ROOT))
    finally:
        report.unlink(missing_ok=True)


def _on_odoo(path: Path) -> Counts:
    """Run tests that make their own databases."""
    with session() as odoo:
        return _pytest(path, odoo.env)


def _outside(path: Path, *args: str) -> Counts:
    """Install with demo data, which must load without a complaint, then run pytest."""
    with session() as odoo, _temporary_database(odoo, "demo") as name:
        demo = _demo_data(odoo, name)
        return demo + _pytest(path, {**odoo.env, "DEMO_DATABASE": name}, *args)


# Odoo


def _tags_of(path: Path) -> list[str]:
    """Return the tag of one test file, or of the module for any other path."""
    inside = path.relative_to(ROOT)
    if path.suffix == ".py" and "tests" in inside.parts:
        return [f"/{inside}"]
    return [f"/{inside.parts[0]}"]


@contextmanager
def _temporary_database(odoo: Session, kind: str) -> Iterator[str]:
    """Name a database of this process; drop it, and those of dead ones, at the end."""
    _drop_left_over(odoo)
    name = f"test_{kind}_{os.getpid()}"
    try:
        yield name
    finally:
        databases.drop(odoo, name)


def _drop_left_over(odoo: Session) -> None:
    for (name,) in databases.sql(odoo, "SELECT datname FROM pg_database"):
        match = _TEST_DATABASE.fullmatch(name)
        if match and not Path("/proc", match[1]).exists():
            databases.drop(odoo, name)


def _odoo_tests(tags: Sequence[str], beside_apps: bool = False) -> Counts:
    """Install our addons without demo data into a fresh database, with some tests.

    :param beside_apps: with the glue addons and the apps that they are made for
    """
    ours = repository_modules() if beside_apps else core_modules()
    if not ours:
        raise DevError("there is no addon to test")
    kind = "glue" if beside_apps else "odoo"
    with session() as odoo, _temporary_database(odoo, kind) as name:
        foreign = databases.foreign_dependencies(odoo, ours)
        databases.database_from_template(odoo, name, foreign)
        install = [*ours, *databases.helpers_needed(odoo)]
        args = ["-i", ",".join(install), f"--test-tags={','.join(tags)}"]
        args += [f"--http-port={ports.free_port(8469 if beside_apps else 8169)}"]
        title = "Odoo's tests, beside other apps" if beside_apps else "Odoo's tests"
        return _watched(odoo, name, args, title)


def _demo_data(odoo: Session, name: str) -> Counts:
    """Install our addons with demo data; counts as one test."""
    ours = repository_modules()
    foreign = databases.foreign_dependencies(odoo, ours)
    databases.database_from_template(odoo, name, foreign, demo=True)
    install = [*ours, *databases.helpers_needed(odoo)]
    args = ["-i", ",".join(install), "--with-demo", "--no-http"]
    result = _watched(odoo, name, args, "Demo data", tests=False)
    return result if result.failed else Counts(passed=1)


def _watched(
    odoo: Session, database: str, args: Sequence[str], title: str, tests: bool = True
) -> Counts:
    """Run Odoo once, count its tests and everything that it complains about."""
    allowed = counts.read_allowed(TOOLS / "allowed_warnings.txt")
    reader = counts.OdooLog(allowed, tests)
    log = LOGS / f"{database.rpartition('_')[0]}.log"
    log.unlink(missing_ok=True)
    common = ["-d", database, "--stop-after-init", "--max-cron-threads=0"]
    with step(title) as progress:

        def on_line(line: str) -> None:
            reader.read(line)
            if ": Starting " in line:
                progress.show(line.partition(": Starting ")[2])

        code = odoo.stream(*common, *args, on_line=on_line, log=log)
    return reader.close(code)
