"""Rooms of the addon: allowed imports, and one file a model in a room."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parents[2] / "customer_classification"
# From the ground up: a room imports from itself and from rooms before it.
FLOORS = (
    *("common", "source", "classified", "policy", "run", "customer", "history"),
    *(
        "tag",
        "attribute",
        "code",
        "product",
        "campaign",
        "retention",
        "quality",
        "document",
        "referral",
        "complaint",
        "feedback",
        "event",
        "playbook",
        "care",
        "today",
        "overview",
        "privacy",
        "handover",
        "setup",
    ),
)
# Neither of the two knows the other.
STRANGERS = {("product", "campaign"), ("campaign", "product")}
ENGINE_FLOORS = ("common", "imports", "customers", "products", "campaigns")
ENGINE_STRANGERS = {("products", "campaigns"), ("campaigns", "products")}


def _imported_rooms(path, folder):
    """Rooms of a folder of the addon from which a module imports."""
    package = path.relative_to(ADDON).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            if target[:1] == (folder,):
                yield from (
                    [target[1]] if target[1:] else [name.name for name in node.names]
                )


def _modules(folder):
    return sorted((ADDON / folder).glob("*/*.py"))


@pytest.mark.parametrize(
    ("folder", "floors", "strangers"),
    [
        ("models", FLOORS, STRANGERS),
        ("engine", ENGINE_FLOORS, ENGINE_STRANGERS),
    ],
)
def test_rooms_import_from_below(folder, floors, strangers):
    wrong = [
        f"{path.relative_to(ADDON)} imports {room}"
        for path in _modules(folder)
        for room in _imported_rooms(path, folder)
        if floors.index(room) > floors.index(path.parent.name)
        or (path.parent.name, room) in strangers
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("folder", "floors"), [("models", FLOORS), ("engine", ENGINE_FLOORS)]
)
def test_every_room_has_a_floor(folder, floors):
    rooms = {path.parent.name for path in _modules(folder)}
    assert rooms == set(floors)


def test_order_of_loading_is_that_of_the_floors():
    """Models are registered before their extensions."""
    tree = ast.parse((ADDON / "models/__init__.py").read_text())
    rooms = [node.names[0].name for node in tree.body]
    assert rooms == list(FLOORS)


def _models(path):
    """Models that the classes of a module define or extend."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ClassDef):
            continue
        values = {
            target.id: item.value
            for item in node.body
            if isinstance(item, ast.Assign)
            for target in item.targets
            if isinstance(target, ast.Name)
        }
        named = values.get("_name") or values.get("_inherit")
        if isinstance(named, ast.Constant):
            yield named.value


def test_a_model_has_one_file_in_a_room():
    found = defaultdict(list)
    for path in _modules("models"):
        for model in _models(path):
            found[path.parent.name, model].append(path.name)
    spread = [place for place, names in found.items() if len(names) > 1]
    assert not spread, [(place, found[place]) for place in spread]


def test_no_excuse_for_spread_models():
    excuse = "disable=consider-" + "merging-classes-inherited"
    excused = [path for path in ADDON.rglob("*.py") if excuse in path.read_text()]
    assert not excused


def _named_tests(folder):
    """Files of tests that the `__init__.py` of a folder imports."""
    tree = ast.parse((folder / "__init__.py").read_text())
    return {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def test_odoo_finds_every_test():
    """Odoo finds every test file.

    A file that is not imported in `tests/__init__.py` would be lost silently; the
    engine's tests are pytest's, and must not run twice.
    """
    rooms = sorted(ADDON.parent.glob("customer_classification*/tests"))
    named = {room: _named_tests(room) for room in rooms}
    lost = [
        str(path.relative_to(ADDON.parent))
        for room in rooms
        for path in room.rglob("test_*.py")
        if path.parent.name != "engine" and path.stem not in named[room]
    ]
    assert not lost, "\n".join(lost)
    assert not (ADDON / "tests/engine/__init__.py").exists()
    assert not any(name.startswith("test_engine") for name in named[ADDON / "tests"])
