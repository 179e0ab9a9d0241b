"""English of docstrings: a summary line first, then a blank line."""

import ast
import re

import pytest

from tools.paths import ROOT, repository_modules

LONGEST = 72
# A summary that begins like this is a clause without a subject.
RIDDLE = re.compile(r"(Who|What|Whether|How|That|Those|As|Of)\b")
FOLDERS = (*repository_modules(), "benchmarks", "tests", "tools")


def faults(docstring):
    """Yield the faults of a docstring as it is written."""
    summary, *rest = docstring.split("\n")
    if len(summary) > LONGEST:
        yield f"summary of {len(summary)} characters"
    if rest and rest[0].strip():
        yield "no blank line after the summary"
    if not summary.strip():
        yield "no summary in the first line"
    if RIDDLE.match(summary):
        yield "summary without a subject or a verb"


def docstrings(source):
    """Yield line, name and text of the docstrings of a module."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                yield node.body[0].lineno, getattr(node, "name", "module"), text


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_begin_with_a_summary(folder):
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}: {fault}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name, text in docstrings(path.read_text())
        for fault in faults(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("docstring", "count"),
    [
        ("Return the tier.", 0),
        ("Return the tier.\n\n    One query.\n    ", 0),
        ("x" * 72, 0),
        ("x" * 73, 1),
        ("Return the tier,\n    in one query.", 1),
        ("\n    Return the tier.\n    ", 2),
        ("Who bought.", 1),
        ("Whatever a client sends is answered.", 0),
    ],
)
def test_faults(docstring, count):
    assert len(list(faults(docstring))) == count


def test_docstrings_of_a_module():
    source = (
        '"""Module."""\n\nclass One:\n    """Class."""\n\n'
        '    async def two(self):\n        """Method."""\n'
    )
    found = [(line, name, text) for line, name, text in docstrings(source)]
    assert found == [
        (1, "module", "Module."),
        (4, "One", "Class."),
        (7, "two", "Method."),
    ]
