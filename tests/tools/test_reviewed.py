"""Each use of more rights, of SQL and of the context was judged once.

``reviewed.txt`` lists the functions. A new one fails the test until somebody has judged
it, as ``docs/security_review.md`` explains, and written the list anew:
``REVIEWED=write ./dev test tests/tools/test_reviewed.py``.
"""

import ast
import os
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("reviewed.txt")
REVIEW = ROOT / "docs" / "security_review.md"
KINDS = ("sudo", "sql", "context")
LEFT_OUT = {"tests", "migrations", "demo"}
CALLS = {
    **dict.fromkeys(("sudo", "with_user"), "sudo"),
    **dict.fromkeys(("execute", "execute_query", "execute_query_dict"), "sql"),
    **dict.fromkeys(("copy_expert", "execute_values"), "sql"),
}
_EXECUTING = {name for name, kind in CALLS.items() if kind == "sql"}
_COMPOSING = {"format", "join", "replace"}


def _kind(node):
    """Return what a node of the syntax tree uses, or None."""
    if isinstance(node, ast.Call):
        function, names = node.func, {one.arg for one in node.keywords}
        if isinstance(function, ast.Attribute):
            if function.attr == "env" and names & {"user", "su"}:
                return "sudo"
            if CALLS.get(function.attr) == "sudo" or node.args:
                return CALLS.get(function.attr)
    if isinstance(node, ast.Attribute) and node.attr == "context":
        return "context"
    return None


def _uses(node, name=""):
    """Yield ``(function, kind)`` of all uses below a node."""
    for child in ast.iter_child_nodes(node):
        own = name
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            own = f"{name}.{child.name}".strip(".")
        if kind := _kind(child):
            yield own or "(module)", kind
        yield from _uses(child, own)


def _sources():
    """Yield ``(place, syntax tree)`` of the files of the addons."""
    for path in sorted(ROOT.glob("customer_classification*/**/*.py")):
        place = path.relative_to(ROOT)
        if LEFT_OUT.isdisjoint(place.parts):
            yield place, ast.parse(path.read_text())


def _found():
    """Return ``{"file function": {kind: number}}`` of the addons."""
    found = {}
    for place, tree in _sources():
        for function, kind in _uses(tree):
            found.setdefault(f"{place} {function}", Counter())[kind] += 1
    return found


def _lines():
    """Return the lines of the list, sorted."""
    return [
        f"{place}: {', '.join(f'{kind} {uses[kind]}' for kind in KINDS if uses[kind])}"
        for place, uses in sorted(_found().items())
    ]


def _room(place):
    """Return the room of a file, or its addon."""
    addon, *parts = Path(place.split(" ")[0]).parts
    if addon != "customer_classification":
        return addon.removeprefix("customer_classification_")
    if len(parts) > 2:
        return parts[1]
    return parts[0].removesuffix(".py")


def test_each_place_was_judged():
    lines = _lines()
    if os.environ.get("REVIEWED") == "write":
        LIST.write_text("".join(f"{line}\n" for line in lines))
    known = LIST.read_text().splitlines()
    new = sorted(set(lines) - set(known))
    gone = sorted(set(known) - set(lines))
    assert not (new or gone), "\n".join(["Judge these:", *new, "Gone:", *gone])


def test_the_review_counts_as_the_list_does():
    """The table of the review has a line a room, with its numbers."""
    numbers = {}
    for place, uses in _found().items():
        numbers.setdefault(_room(place), Counter()).update(uses)
    rows = {}
    for line in REVIEW.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) > len(KINDS):
            rows[cells[0].strip("`")] = cells[1 : 1 + len(KINDS)]
    expected = {
        room: [str(uses[kind]) for kind in KINDS] for room, uses in numbers.items()
    }
    assert rows == expected


def _is_composed(node):
    """Return whether a text is put together where it is used."""
    if isinstance(node, ast.Call):
        function = node.func
        is_text = isinstance(getattr(function, "value", None), ast.Constant)
        return is_text and function.attr in _COMPOSING
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def test_no_sql_is_put_together_as_text():
    """Values and names go through ``SQL``, which alone quotes them."""
    composed = [
        f"{place}:{node.lineno}"
        for place, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and _is_composed(node.args[0])
        if getattr(node.func, "id", None) == "SQL"
        or getattr(node.func, "attr", None) in _EXECUTING
    ]
    assert not composed
