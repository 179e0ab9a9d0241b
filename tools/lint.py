"""`./dev lint`: what a machine can check about our files, with OCA's tools."""

from collections.abc import Iterator
from pathlib import Path

from . import environment, processes
from .console import say
from .paths import PYTHON, ROOT, TEST_ADDONS, VENV, repository_modules

_PYTHON_FOLDERS = ("tools", "tests", "benchmarks", ".ci")


def lint() -> int:
    """Run every check, also after one has failed; return the exit code."""
    environment.need("addon", "test")
    failed = [title for title, argv in _checks() if not _passes(title, argv)]
    say(f"lint: {', '.join(failed)} failed" if failed else "lint: all checks passed")
    return 1 if failed else 0


def _passes(title: str, argv: list[str | Path]) -> bool:
    say(f"== {title}")
    # "PYTHONPATH": pylint must not take Odoo's parts for ours.
    return processes.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) == 0


def _checks() -> Iterator[tuple[str, list[str | Path]]]:
    modules = [ROOT / name for name in repository_modules()]
    ruff = VENV / "bin" / "ruff"
    files = _python_files(modules)
    yield "ruff check", [ruff, "check", *files]
    yield "ruff format", [ruff, "format", "--check", *files]
    if modules:
        rules = f"--rcfile={ROOT / '.pylintrc-mandatory'}"
        yield "pylint-odoo", [PYTHON, "-m", "pylint", rules, *modules]
        yield "odoo module", [VENV / "bin" / "oca-checks-odoo-module", *modules]
    translations = [path for folder in modules for path in folder.glob("i18n/*.po*")]
    if translations:
        yield "translations", [VENV / "bin" / "oca-checks-po", *translations]
    yield "own checks", [PYTHON, "-m", "tools.checks"]


def _python_files(modules: list[Path]) -> list[Path]:
    """Return what ruff looks at; `dev` has no suffix by which it would be found."""
    folders = [ROOT / name for name in _PYTHON_FOLDERS if (ROOT / name).exists()]
    return [ROOT / "dev", *modules, *folders, TEST_ADDONS]
