"""`./dev lint`: machine checks of our files, with OCA's tools.

The checks are the hooks of `.pre-commit-config.yaml`, by the same names and in the same
versions (tests/tools/test_lint.py), so that `./dev lint` and pre-commit agree. Two run
at a time. `./dev lint --fix` lets the fixers among them repair their findings.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from . import environment, node, processes
from .console import say
from .paths import PYTHON, ROOT, VENV, repository_modules

Command = Sequence[str | Path]
_AT_A_TIME = 2
_BIN = VENV / "bin"
# As in .pre-commit-config.yaml: generated files, and files not ours to format.
EXCLUDED = re.compile(
    r"/static/description/index\.html$|\.svg$|^(eslint|prettier)\.config\.cjs$"
    r"|^README\.md$|/static/(src/)?lib/|/readme/.*\.md$|^LICENSE"
)
_PRETTIER = re.compile(r"\.(css|htm|html|js|json|less|md|scss|ts|xml|yaml|yml)$")
_LOCK = "package-lock.json"  # npm writes it
_PRE_COMMIT_HOOKS = {
    # Hook: its program with arguments, the files it leaves out.
    "trailing-whitespace": (["trailing-whitespace-fixer"], r"/README\.rst$|\.pot?$"),
    "end-of-file-fixer": (["end-of-file-fixer"], r"/README\.rst$|\.pot?$"),
    "debug-statements": (["debug-statement-hook"], r"(?<!\.py)$"),
    "check-case-conflict": (["check-case-conflict"], ""),
    "check-docstring-first": (["check-docstring-first"], r"(?<!\.py)$"),
    "check-executables-have-shebangs": (["check-executables-have-shebangs"], ""),
    "check-merge-conflict": (["check-merge-conflict"], r"/README\.rst$"),
    "check-symlinks": (["check-symlinks"], ""),
    "check-xml": (["check-xml"], r"(?<!\.xml)$"),
    "mixed-line-ending": (["mixed-line-ending", "--fix=lf"], ""),
}


@dataclass
class Check:
    """Commands that run one after the other; one that fails, fails the check."""

    name: str
    commands: list[Command]


def lint(fix: bool = False) -> int:
    """Run every check, also after one has failed; return the exit code."""
    environment.need("addon", "test", "lint")
    node.need()
    checks = list(_fixes() if fix else _checks())
    # Fixers write the same files: one at a time.
    failed = run(checks, 1 if fix else _AT_A_TIME)
    if failed:
        say(f"lint: {', '.join(failed)} failed")
        return 1
    say("lint: fixed what could be fixed" if fix else "lint: all checks passed")
    return 0


# Running


def run(checks: Sequence[Check], at_a_time: int) -> list[str]:
    """Run checks beside each other and print each one's output at its end.

    :returns: names of those that failed
    """
    failed = []
    with ExitStack() as stack:
        programs = [_steps(check, stack) for check in checks]
        waiting, running = list(zip(checks, programs, strict=True)), []
        while waiting or running:
            while waiting and len(running) < at_a_time:
                running.append(waiting.pop(0))
            for check, steps in list(running):
                if (done := next(steps)) is not None:
                    running.remove((check, steps))
                    failed += [] if done else [check.name]
            time.sleep(0.02)
    return failed


def _steps(check: Check, stack: ExitStack) -> Iterator[bool | None]:
    """Yield None as long as the check runs, then whether it passed."""
    # "PYTHONPATH": pylint must not take Odoo's parts for ours.
    env = processes.merged({"PYTHONPATH": str(ROOT), **node.variables()})
    output = stack.enter_context(TemporaryFile())
    passed = True
    for command in check.commands:
        options = {"stdout": output, "stderr": subprocess.STDOUT, "cwd": ROOT}
        process = stack.enter_context(processes.child(command, env=env, **options))
        while process.poll() is None:
            yield None
        passed = passed and process.returncode == 0
    _print(check.name, passed, output)
    yield passed


def _print(name: str, passed: bool, output: BinaryIO) -> None:
    output.seek(0)
    text = output.read().decode(errors="replace").strip()
    say(f"== {name}" if passed else f"== {name}: FAILED")
    if text and not passed:
        say(text)


# Checks


def _checks() -> Iterator[Check]:
    """Yield the checks, those that take longest first."""
    modules = _modules()
    pylint = [PYTHON, "-m", "pylint", "--rcfile=.pylintrc-mandatory"]
    files = _files()
    # Named one by one: migrations are not in a package in which pylint would find them.
    code, tests = _of_modules(files)
    yield Check("pylint_odoo", [[*pylint, *code]])
    yield Check("pylint_odoo (tests)", [[*pylint, *tests]])
    yield Check("prettier", [_prettier(files, "--check", "--log-level=warn")])
    yield Check("eslint", [_eslint(files, "--max-warnings=0")])
    ruff = _BIN / "ruff"
    yield Check("ruff", [[ruff, "check", *_python(files)]])
    yield Check("ruff-format", [[ruff, "format", "--check", *_python(files)]])
    yield Check("pre-commit-hooks", list(_hooks(files)))
    yield Check("oca-checks-odoo-module", [[_BIN / "oca-checks-odoo-module", *modules]])
    translations = [name for name in files if re.search(r"\.pot?$", name)]
    yield Check("oca-checks-po", [[_BIN / "oca-checks-po", *translations]])
    whool = [_BIN / "whool", "init", "--exit-non-zero-on-changes"]
    yield Check("whool-init", [whool])
    yield Check("readme", [[PYTHON, "-m", "tools.readme", "--check"]])
    yield Check("dev-checks", [[PYTHON, "-m", "tools.checks"]])


def _fixes() -> Iterator[Check]:
    """Yield the programs that change files."""
    files = _files()
    ruff = _BIN / "ruff"
    yield Check("ruff", [[ruff, "check", "--fix", *_python(files)]])
    yield Check("ruff-format", [[ruff, "format", *_python(files)]])
    yield Check("eslint", [_eslint(files, "--fix")])
    yield Check("prettier", [_prettier(files, "--write", "--log-level=warn")])
    yield Check("readme", [[PYTHON, "-m", "tools.readme"]])


def _modules() -> list[Path]:
    return [ROOT / name for name in repository_modules()]


def _files() -> list[str]:
    """Return the files of the repository that are checked, new ones included."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    names = processes.output(command, cwd=ROOT).splitlines()
    return [
        name
        for name in sorted(set(names))
        if not EXCLUDED.search(name) and (ROOT / name).is_file()
    ]


def _of_modules(files: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the Python files of the addons: the product, and its tests."""
    prefixes = tuple(f"{name}/" for name in repository_modules())
    own = [name for name in files if name.startswith(prefixes) and name.endswith(".py")]
    tests = [name for name in own if "/tests/" in name]
    return [name for name in own if name not in tests], tests


def _python(files: Iterable[str]) -> list[str]:
    """Return the files for ruff; `dev` has no suffix to find it by."""
    return ["dev", *(name for name in files if name.endswith(".py"))]


def _prettier(files: Iterable[str], *options: str) -> Command:
    chosen = [name for name in files if _PRETTIER.search(name) and _LOCK not in name]
    return [*node.program("prettier"), *options, *chosen]


def _eslint(files: Iterable[str], *options: str) -> Command:
    scripts = [name for name in files if name.endswith(".js")]
    return [*node.program("eslint"), *options, *scripts]


def _hooks(files: Sequence[str]) -> Iterator[Command]:
    """Yield the standard hooks as one check.

    Some of them write the same files.
    """
    for (program, *options), left_out in _PRE_COMMIT_HOOKS.values():
        excluded = re.compile(left_out or "$^")
        chosen = [name for name in _text(files) if not excluded.search(name)]
        if program == "check-executables-have-shebangs":
            chosen = [name for name in chosen if os.access(ROOT / name, os.X_OK)]
        yield [_BIN / program, *options, *chosen]


def _text(files: Iterable[str]) -> list[str]:
    """Leave out pictures and tables, which have no lines."""
    return [name for name in files if not name.endswith((".png", ".xlsx"))]
