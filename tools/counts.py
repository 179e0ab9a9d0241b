"""Numbers of tests, read from the output of pytest and Odoo."""

import re
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ENTRY = re.compile(
    r"^\S+ \S+ \d+ (?P<level>[A-Z]+) (?P<db>\S+) "
    r"(?P<logger>\S+): (?P<text>.*)$"
)
_RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
_STARTED = re.compile(r"^Starting (\w+\.\w+) \.\.\.")
_FAILED_TEST = re.compile(r"^(?:FAIL|ERROR): (.+)$")
_MODULE_SUMMARY = re.compile(r"^Module \w+: \d+ failures, \d+ errors of \d+ tests$")


@dataclass
class Counts:
    """Results of one kind of tests; `failures` names the failed ones.

    :ivar notes: remarks that are not failures
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.failures + other.failures,
            self.notes + other.notes,
            self.seconds | other.seconds,
        )

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")

    def fail(self, reason: str) -> None:
        """Count a failure that belongs to no test."""
        self.failed += 1
        self.failures.append(reason)


def from_junit(report: Path, code: int) -> Counts:
    """Read pytest's XML report; no report or no test is a failure."""
    counts = Counts()
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()
    for case in cases:
        name = f"{case.get('classname')}::{case.get('name')}"
        counts.seconds[name] = float(case.get("time") or 0)
        tags = {child.tag for child in case}
        if tags & {"failure", "error"}:
            counts.fail(name)
        elif "skipped" in tags:
            counts.skipped += 1
        else:
            counts.passed += 1
    if not counts.failed and (code or not counts.passed):
        counts.fail(f"no test ran (pytest's exit code {code})")
    return counts


# Odoo's log


@dataclass(frozen=True)
class Allowed:
    """A log entry that is not a failure, and the reason."""

    pattern: re.Pattern[str]
    reason: str


def read_allowed(path: Path) -> list[Allowed]:
    """Read patterns, each under a comment that gives its reason."""
    allowed, reason = [], ""
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            reason = f"{reason} {line.lstrip('# ')}".strip()
        elif not line.strip():
            reason = ""
        elif not reason:
            raise ValueError(f"{path.name}: no reason above the pattern {line}")
        else:
            allowed.append(Allowed(re.compile(line), reason))
    return allowed


@dataclass
class OdooLog:
    """Count the tests in Odoo's log; every unexpected warning is a failure."""

    allowed: Sequence[Allowed] = ()
    tests: bool = True  # are tests expected to run?
    clock: Callable[[], float] = time.monotonic
    counts: Counts = field(default_factory=Counts)
    _ran: int = 0
    _started: int = 0
    _errors: int = 0
    _complaints: list[str] = field(default_factory=list)
    _running: tuple[str, float] | None = None

    def read(self, line: str) -> None:
        """Take one line of the log."""
        if not (match := _ENTRY.match(line)):
            return
        level, logger, text = match["level"], match["logger"], match["text"]
        if result := _RESULT.search(text):
            failed, errors, self._ran = map(int, result.groups())
            self._errors = failed + errors
        elif started := _STARTED.match(text):
            self._started += 1
            self._take_time(started[1])
        elif text.startswith("skipped "):
            self.counts.skipped += 1
        elif level in ("WARNING", "ERROR", "CRITICAL"):
            self._complain(level, logger, text)

    def _take_time(self, name: str) -> None:
        """Record the duration of the test that has just ended.

        A test lasts until the next one begins, whose class is set up in between.
        Times in the log may be of another day: tests stop and move Odoo's clock.
        """
        now = self.clock()
        if self._running:
            before, since = self._running
            self.counts.seconds[before] = now - since
        self._running = name, now

    def _complain(self, level: str, logger: str, text: str) -> None:
        if failed := _FAILED_TEST.match(text):
            self.counts.fail(f"{logger.removeprefix('odoo.addons.')}: {failed[1]}")
        elif not _MODULE_SUMMARY.match(text) and not self._is_allowed(logger, text):
            self._complaints.append(f"{level} {logger}: {text}")

    def _is_allowed(self, logger: str, text: str) -> bool:
        entry = f"{logger}: {text}"
        return any(allowed.pattern.search(entry) for allowed in self.allowed)

    def hang(self, seconds: float) -> None:
        """Count the running test, which wrote nothing for so long, as failed."""
        name = self._running[0] if self._running else "Odoo"
        self._ran += self._started
        self.counts.fail(f"{name} wrote nothing for {seconds:.0f} s: see the log")

    def close(self, code: int) -> Counts:
        """Return the counts after Odoo ended with this exit code."""
        counts = self.counts
        if self._errors > counts.failed:
            counts.fail(f"{self._errors} errors reported by Odoo, see the log")
        counts.passed = max(0, self._ran - counts.failed - counts.skipped)
        for complaint in dict.fromkeys(self._complaints):
            counts.fail(f"in the log: {complaint}")
        if self.tests and not self._ran:
            counts.fail("no test ran in Odoo")
        if code and not counts.failed:
            counts.fail(f"Odoo ended with exit code {code}")
        return counts


def total(parts: Iterable[Counts]) -> Counts:
    """Add up counts."""
    return sum(parts, Counts())
