"""Templates: a larger one begins as a copy of its largest part."""

from types import SimpleNamespace

import pytest

from tools import databases

SESSION = SimpleNamespace(odoo=SimpleNamespace(build="b1"))


@pytest.fixture
def templates(monkeypatch, tmp_path):
    """Write descriptions of templates: `templates("sale", ["base", "sale"])`."""
    monkeypatch.setattr(databases, "STATE", tmp_path)
    (tmp_path / "templates").mkdir()

    def write(name, modules, build="b1", kind="bare", day="2026-01-01"):
        path = tmp_path / "templates" / f"template_{name}"
        path.write_text("\n".join([day, build, kind, *modules]))

    return write


def smaller(*modules, demo=False):
    return databases._smaller_templates(SESSION, modules, demo)


def test_those_with_most_modules_come_first(templates):
    templates("base", ["base"])
    templates("sale", ["base", "sale"])
    templates("other", ["base", "website"])
    assert smaller("base", "crm", "sale") == ["template_sale", "template_base"]


@pytest.mark.parametrize("other", [{"build": "b2"}, {"kind": "demo"}])
def test_of_another_odoo_or_with_demo_data_is_another(templates, other):
    templates("base", ["base"], **other)
    assert smaller("base", "sale") == []


def test_one_of_an_earlier_version_of_these_tools_is_left(templates):
    (databases.STATE / "templates" / "template_old").write_text("2026-01-01")
    assert smaller("base", "sale") == []


def test_itself_is_no_beginning(templates):
    templates("sale", ["base", "sale"])
    assert smaller("base", "sale") == []


def test_only_a_usable_one_is_copied(templates, monkeypatch):
    templates("gone", ["base", "sale"])
    templates("later", ["base", "crm"], day="9999-01-01")
    templates("base", ["base"])
    copied = []
    monkeypatch.setattr(
        databases, "exists", lambda session, name: name != "template_gone"
    )
    monkeypatch.setattr(databases, "copy", lambda _s, *names: copied.append(names))
    monkeypatch.setattr("tools.locks.STATE", databases.STATE)
    modules = ["base", "sale", "crm", "stock"]
    assert databases._copy_smaller(SESSION, modules, False, "new")
    assert copied == [("template_base", "new")]
