"""Checks of our own: functions, XML, translations, cited sources.

Run by `./dev lint` with the Python of `.venv`: polib is not in Python itself.
"""

import ast
import re
import statistics
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path

from .paths import ROOT, TEST_ADDONS, repository_modules

MEDIAN, LONGEST = 8, 60
# Addons of a few functions, most of which are one statement of SQL each.
MEDIAN_OF = {
    "customer_classification_pos": 12.5,
    "customer_classification_privacy_lookup": 8.5,
}
SOURCES = ROOT / "docs" / "science.md"
LANGUAGE = "zh_CN"
LANGUAGES = (LANGUAGE, "zh_TW")
_WORD = re.compile("[a-z]{2}")
_TAG = re.compile("<[^>]+>")
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Print the errors and return the exit code."""
    modules = [ROOT / name for name in repository_modules()]
    helpers = [path.parent for path in TEST_ADDONS.glob("*/__manifest__.py")]
    complaints = [
        *check_functions([*modules, ROOT / "tools", ROOT / "benchmarks"]),
        *check_xml([*modules, *helpers]),
        *check_translations(modules),
        *check_sources(modules, SOURCES),
    ]
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


# Functions


def function_lengths(source: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, line and length without docstring of each function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _FUNCTION):
            yield node.name, node.lineno, _length(node)


def _length(node: ast.FunctionDef) -> int:
    """Count the lines from `def` to the end, without the docstring.

    A docstring may have any length.
    """
    first = node.body[0]
    documented = ast.get_docstring(node) is not None
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - docstring


def check_functions(folders: Iterable[Path]) -> Iterator[str]:
    """Complain about long functions and about folders where many are long."""
    for folder in folders:
        lengths = []
        for path in _files(folder, "*.py"):
            for name, line, length in function_lengths(path.read_text()):
                lengths.append(length)
                if length > LONGEST:
                    yield f"{_place(path)}:{line}: {name} has {length} lines"
        most = MEDIAN_OF.get(folder.name, MEDIAN)
        if lengths and statistics.median(lengths) > most:
            median = statistics.median(lengths)
            yield f"{_place(folder)}: half of its functions have {median:g} lines"


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return our files without tests.

    A test reads better in one piece, so tests may be longer.
    """
    return [
        path
        for path in sorted(folder.rglob(pattern))
        if "tests" not in path.relative_to(folder).parts
    ]


def _place(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


# XML


def check_xml(folders: Iterable[Path]) -> Iterator[str]:
    """Complain about files that are not well-formed XML."""
    for folder in folders:
        for path in sorted((*folder.rglob("*.xml"), *folder.rglob("*.svg"))):
            try:
                ElementTree.parse(path)
            except ElementTree.ParseError as error:
                yield f"{_place(path)}: {error}"


# Translations


def check_translations(folders: Iterable[Path]) -> Iterator[str]:
    """Complain about every term that is not translated."""
    for folder in folders:
        if (folder / "i18n").exists():
            for language in LANGUAGES:
                yield from _check_one(folder, language)


def _check_one(folder: Path, language: str) -> Iterator[str]:
    import polib

    template = folder / "i18n" / f"{folder.name}.pot"
    translation = folder / "i18n" / f"{language}.po"
    for path in (template, translation):
        if not path.exists():
            yield f"{_place(path)} is missing"
            return
    done = {(e.msgid, e.msgctxt) for e in polib.pofile(translation) if e.translated()}
    terms = polib.pofile(template)
    for entry in terms:
        # "VIP" and "RFM" are acronyms that OCA does not want translated.
        if (
            _WORD.search(_TAG.sub("", entry.msgid))
            and (entry.msgid, entry.msgctxt) not in done
        ):
            yield f"{_place(translation)}: no translation of {entry.msgid!r}"
    if not terms:
        yield f"{_place(template)} has no terms"


# Sources


def check_sources(folders: Iterable[Path], sources: Path) -> Iterator[str]:
    """Complain about cited sections that do not exist.

    A file that cites `docs/science.md §3` may go on with §4 alone.
    """
    sections = set(re.findall(r"^## (\d+)\. ", sources.read_text(), re.MULTILINE))
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py"))):
        text = path.read_text()
        if sources.name not in text:
            continue
        cited = re.findall(r"§([\d.]*\d)", text)
        for number in sorted({*cited} - sections):
            yield f"{_place(path)}: {sources.name} has no section {number}"
        if re.search(rf"(?<!docs/){re.escape(sources.name)}", text):
            yield f"{_place(path)}: write docs/{sources.name}"


if __name__ == "__main__":
    sys.exit(main())
