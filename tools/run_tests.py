"""`./dev test`: every kind of tests, one number at the end.

Kinds: tools, engine (pure pandas), odoo (the core's own tests, where no glue is, as
most will have it), glue (the glue addons' tests, beside the apps that they are made
for), setup (install, upgrade, uninstall), outside (against a running Odoo, on demo
data), odoo-own (tests of Odoo's own modules, which must not fail because of ours) and
all-apps (our tests beside other apps). The last two are asked for by their names; a
part of the first, `odoo-own-part`, runs with all kinds.

All kinds are cut into jobs that three processes share: the one that is done takes the
longest that is left. Tests from outside find in their environment what
`tools.odoo.session()` sets (PGHOST, PGPORT, PGUSER, ODOO_RC, PYTHONPATH) and
DEMO_DATABASE   a database with demo data and our addons, not to be changed so that
`from tools import odoo, databases` works there as in `./dev` itself.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO

from . import browser, counts, environment, odoo_tests, own_tests, processes
from .console import DevError, say
from .counts import Counts
from .odoo import session
from .paths import (
    LOGS,
    PYTHON,
    ROOT,
    core_modules,
    glue_modules,
    repository_modules,
)

CORE = "customer_classification"
# The tests of these rooms are a job of their own, of what is in none of them another.
# None of these opens a screen: Odoo needs not make scripts and style sheets for them.
ROOMS = {
    "odoo-rooms": (
        *("attribute", "campaign", "care", "code", "history", "playbook"),
        *("product", "referral", "retention", "security", "tag", "today"),
    )
}
# Tests that look at fields and models of other apps, and open no screen.
ALL_APPS_PART = (
    *("campaign/test_campaign_world.py", "screens/test_demo.py"),
    *("product/test_product_abc.py", "product/test_product_variant.py"),
    *("source/test_source_invoice.py", "source/test_source_sale.py"),
    *("tag/test_tag_merge.py", "tag/test_tag_wizard.py"),
)
KINDS = ("tools", "engine", "odoo", "glue", "setup", "outside")
WHOLE = ("odoo-own-part", "all-apps-part", "odoo-own", "all-apps")
# The jobs of all kinds, those that take the longest first.
JOBS = ("outside", "odoo-rest", "odoo-rooms", "setup", "odoo-own-part", "engine")
JOBS += ("glue", "tools")
# One more than the two cores have: browser, server and database wait for each other.
PROCESSES = 3
WITHOUT_BROWSER = ("tools", "engine", "setup")
SLOWEST = 20
# CI gives up after 90 minutes, and then nobody learns which job did not end.
DEADLINE = 80 * 60
_REPORT = "DEV_TEST_REPORT"
SETUP = ROOT / "tests" / "outside" / "setup"
ENGINE = ROOT / CORE / "tests" / "engine"
_Result = tuple[str, Counts, float]  # kind or path, its tests, seconds


def test(what: Sequence[str] = ()) -> int:
    """Run kinds of tests or paths and return the exit code.

    The closing line is printed.
    """
    environment.need("addon", "test")
    names = targets(what)
    missing = _need_browser() if any(map(_uses_browser, names)) else []
    results = [_timed(name) for name in names] if what else _shared(JOBS)
    results += missing
    for name, result, seconds in results:
        say(f"{name:14} {str(result):32} {seconds:6.1f} s")
        for line in (*result.failures, *result.notes):
            say(f"    {line}")
    total = counts.total(result for _name, result, _seconds in results)
    if not what:
        _tell_slowest(total)
    say(str(total))
    _tell(results)
    return 1 if total.failed or not total.passed else 0


def _tell_slowest(total: Counts) -> None:
    """Print the slowest tests; the log has the duration of each."""
    slowest = sorted(total.seconds.items(), key=lambda item: -item[1])
    lines = [f"{seconds:8.1f} s  {name}" for name, seconds in slowest]
    (LOGS / "seconds.log").write_text("\n".join(lines))
    say(f"The {SLOWEST} slowest tests:")
    for line in lines[:SLOWEST]:
        say(line)


def targets(what: Sequence[str]) -> list[str]:
    """Check names and paths before the first test runs."""
    targets = list(what) or list(KINDS)
    known = (*KINDS, *WHOLE, *JOBS)
    for target in targets:
        if target not in known and not Path(target.partition("::")[0]).exists():
            kinds = ", ".join((*KINDS, *WHOLE))
            raise DevError(f"{target} is neither a kind of tests ({kinds}) nor a path")
    return targets


def _uses_browser(target: str) -> bool:
    """Check if some of these tests may look at screens."""
    if target in (*KINDS, *WHOLE, *JOBS):
        return target not in WITHOUT_BROWSER
    path = Path(target.partition("::")[0]).resolve()
    if path.is_relative_to(ENGINE):
        return False
    ours = [ROOT / name for name in repository_modules()]
    return any(path.is_relative_to(folder) for folder in (*ours, SETUP.parent))


def _need_browser() -> list[_Result]:
    """Get a browser.

    Without one Odoo skips tests, which must not look like a pass.
    """
    started = time.monotonic()
    try:
        browser.need()
    except DevError as error:
        reason = f"tests in a browser did not run: {error}"
        lost = Counts(failed=1, failures=[reason])
        return [("browser", lost, time.monotonic() - started)]
    return []


def _shared(jobs: Sequence[str]) -> list[_Result]:
    """Let each of the processes take the next job when it is done with one."""
    LOGS.mkdir(parents=True, exist_ok=True)
    waiting, running, results = list(jobs), {}, []
    end = time.monotonic() + DEADLINE
    with ExitStack() as stack:
        while waiting or running:
            while waiting and len(running) < PROCESSES:
                job = waiting.pop(0)
                say(f"-- {job} begins")
                running[job] = stack.enter_context(_Job(job))
            time.sleep(0.2)
            is_late = time.monotonic() > end
            for job in [name for name in running if is_late or running[name].is_over()]:
                results += running.pop(job).results()
            if is_late:
                results += map(_lost, waiting)
                break
    return sorted(results, key=lambda result: _place(result[0]))


def _place(job: str) -> tuple[int, str]:
    """Sort jobs by their kinds."""
    return KINDS.index(job if job in KINDS else "odoo"), job


def _lost(job: str) -> _Result:
    """Return the result of a job that died, lasted too long or never began."""
    lost = Counts(failures=["they did not come to their end"], failed=1)
    return job, lost, 0.0


class _Job:
    """A kind of tests, or a part of one, in a process of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.report = LOGS / f"tests-{os.getpid()}-{name}.json"

    def __enter__(self) -> "_Job":
        self._stack = ExitStack()
        log = open(LOGS / f"tests-{self.name}.log", "w+b")
        self.log: IO[bytes] = self._stack.enter_context(log)
        argv = [PYTHON, ROOT / "dev", "test", self.name]
        options = {"stdout": log, "stderr": subprocess.STDOUT, "cwd": ROOT}
        env = processes.merged({_REPORT: str(self.report)})
        child = processes.child(argv, env=env, **options)
        self.process = self._stack.enter_context(child)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.report.unlink(missing_ok=True)

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def results(self) -> list[_Result]:
        """Print the output of the tests and return their results."""
        self.log.seek(0)
        say(self.log.read().decode(errors="replace").rstrip())
        if not self.report.exists():
            return [_lost(self.name)]
        found = json.loads(self.report.read_text())
        return [(name, Counts(**given), took) for name, given, took in found]


def _tell(results: Sequence[_Result]) -> None:
    """Write the results for the starting process, if there is one."""
    if path := os.environ.get(_REPORT):
        rows = [(name, asdict(result), took) for name, result, took in results]
        Path(path).write_text(json.dumps(rows))


def _timed(target: str) -> _Result:
    say(f"== {target}")
    started = time.monotonic()
    result = _run(target)
    return target, result, time.monotonic() - started


def _run(target: str) -> Counts:
    if target in _RUNS:
        return _RUNS[target]()
    if target in ROOMS:
        return odoo_tests.ours(target.replace("-", "_"), _tags(ROOMS[target]))
    path = Path(target.partition("::")[0]).resolve()
    if path.is_relative_to(ENGINE):
        return _pytest(Path(target), {})
    module = path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) else ""
    if module in repository_modules():
        kind = "glue" if module in glue_modules() else "odoo"
        return odoo_tests.ours(kind, odoo_tests.tags_of(path))
    if path.is_relative_to(SETUP):
        return _on_odoo(Path(target))
    if path.is_relative_to(SETUP.parent):
        return _outside(Path(target))
    return _pytest(Path(target), {})


def _tags(places: Sequence[str]) -> list[str]:
    """Return the tags of test files, or of all those in a room, of the core."""
    return [tag for place in places for tag in _tags_in(place)]


def _tags_in(place: str) -> Iterator[str]:
    path = ROOT / CORE / "tests" / place
    files = [path] if path.is_file() else sorted(path.glob("test_*.py"))
    if not files:
        raise DevError(f"there are no tests in {path}")
    for file in files:
        yield from odoo_tests.tags_of(file)


def _rest() -> list[str]:
    """Return the tags of tests outside of `ROOMS`: none can be forgotten."""
    others = [f"-{tag}" for rooms in ROOMS.values() for tag in _tags(rooms)]
    return [*(f"/{name}" for name in core_modules()), *others]


_RUNS = {
    "tools": lambda: _pytest(ROOT / "tests" / "tools", {}),
    "engine": lambda: _pytest(ENGINE, {}),
    "odoo": lambda: odoo_tests.ours("odoo", [f"/{name}" for name in core_modules()]),
    "odoo-rest": lambda: odoo_tests.ours("odoo_rest", _rest()),
    "glue": lambda: odoo_tests.ours("glue", [f"/{name}" for name in glue_modules()]),
    "setup": lambda: _on_odoo(SETUP),
    "outside": lambda: _outside(SETUP.parent, f"--ignore={SETUP}"),
    "odoo-own": lambda: own_tests.run(own_tests.ALL),
    "odoo-own-part": lambda: own_tests.run(own_tests.PART),
    "all-apps": lambda: odoo_tests.ours(
        "all_apps", [f"/{name}" for name in repository_modules()], odoo_tests.ALL_APPS
    ),
    "all-apps-part": lambda: odoo_tests.ours(
        "all_apps", _tags(ALL_APPS_PART), odoo_tests.ALL_APPS
    ),
}


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
    """Install with demo data without any complaint, then run pytest."""
    with session() as odoo, odoo_tests.temporary_database(odoo, "demo") as name:
        demo = odoo_tests.demo_data(odoo, name)
        return demo + _pytest(path, {**odoo.env, "DEMO_DATABASE": name}, *args)
