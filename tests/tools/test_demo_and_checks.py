"""The demo's table and digest, and our own checks of `./dev lint`."""

from tools import checks, demo, paths

TABLE = {
    "company": "Seven Seas",
    "currency": "EUR",
    "as_of": "2026-11-24",
    "waits": False,
    "tiers": [[1, "VIP"], [2, "Low"]],
    "stages": [[7, "New"], [8, "Lost"]],
    "cells": [[1, 7, 3, 12345.6], [2, 8, 1, 100.0], [False, 7, 2, 0.0]],
}


def test_table():
    assert demo.format_table(TABLE).splitlines() == [
        "Seven Seas, as of 2026-11-24, in EUR",
        "                VIP  Low  Not rated   Total",
        "  New             3    -          2       5",
        "  Lost            -    1          -       1",
        "  Customers       3    1          2       6",
        "  Revenue    12,346  100          -  12,446",
    ]


def test_table_of_a_company_without_customers():
    assert "Customers" in demo.format_table({**TABLE, "cells": []})


def test_table_while_the_run_waits_for_a_manager():
    title = demo.format_table({**TABLE, "waits": True}).splitlines()[0]
    assert title.startswith("Seven Seas")
    assert "approve" in title


def test_digest_follows_the_files_but_not_the_tests(tmp_path):
    addon = tmp_path / "addon"
    (addon / "tests").mkdir(parents=True)
    (addon / "a.py").write_text("1")
    first = demo.files_digest([addon])
    (addon / "tests" / "test_a.py").write_text("1")
    assert demo.files_digest([addon]) == first
    (addon / "a.py").write_text("2")
    second = demo.files_digest([addon])
    (addon / "a.py").rename(addon / "b.py")
    assert len({first, second, demo.files_digest([addon])}) == 3


def test_glue_is_what_odoo_installs_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for name, auto_install in (("core", False), ("core_app", True)):
        (tmp_path / name).mkdir()
        text = repr({"auto_install": auto_install})
        (tmp_path / name / "__manifest__.py").write_text(text)
    assert paths.core_modules() == ["core"]
    assert paths.glue_modules() == ["core_app"]


def test_length_without_docstring():
    source = 'def f():\n    """One\n\n    two."""\n    return 1\n'
    assert list(checks.function_lengths(source)) == [("f", 1, 2)]


def test_long_functions_are_named(tmp_path):
    body = "    pass\n" * 60
    (tmp_path / "a.py").write_text(f"def f():\n{body}\n\ndef g():\n    pass\n")
    first, *others = checks.check_functions([tmp_path])
    assert first.endswith("a.py:1: f has 61 lines")
    assert "half of its functions" in others[0]


def test_broken_xml_is_named(tmp_path):
    (tmp_path / "a.xml").write_text("<odoo><record></odoo>")
    (tmp_path / "b.xml").write_text("<odoo/>")
    (complaint,) = checks.check_xml([tmp_path])
    assert "a.xml" in complaint


def test_missing_translations_are_named(tmp_path):
    folder = tmp_path / "addon" / "i18n"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    terms = 'msgid "Tier"\nmsgstr "{}"\n\nmsgid "Stage"\nmsgstr ""\n'
    (folder / "addon.pot").write_text(header + terms.format(""))
    assert "zh_CN.po is missing" in next(
        checks.check_translations([tmp_path / "addon"])
    )
    for language in checks.LANGUAGES:
        (folder / f"{language}.po").write_text(header + terms.format("等级"))
    (complaint, other) = checks.check_translations([tmp_path / "addon"])
    assert complaint.endswith("zh_CN.po: no translation of 'Stage'")
    assert other.endswith("zh_TW.po: no translation of 'Stage'")


def test_cited_sections_exist(tmp_path):
    sources = tmp_path / "docs" / "science.md"
    sources.parent.mkdir()
    sources.write_text("# Sources\n\n## 1. Data\n\n## 2. Scores\n")
    code = tmp_path / "code"
    code.mkdir()
    (code / "good.py").write_text('"""docs/science.md §2, and §1."""\n')
    (code / "other.py").write_text('"""architecture.md §9."""\n')
    assert list(checks.check_sources([code], sources)) == []
    (code / "bad.py").write_text('"""docs/science.md §3; science.md §2.1."""\n')
    found = list(checks.check_sources([code], sources))
    assert [text.partition(": ")[2] for text in found] == [
        "science.md has no section 2.1",
        "science.md has no section 3",
        "write docs/science.md",
    ]
