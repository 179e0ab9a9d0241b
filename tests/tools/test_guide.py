"""The guide: links resolve, languages agree, the glossary is current."""

import re

import pytest

from tools import glossary
from tools.paths import ROOT

GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.rglob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w.]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(GUIDE)))
def test_links_resolve(page):
    for path, anchor in LINK.findall(page.read_text()):
        if not path.startswith("http"):
            target = page.parent / path
            assert target.exists(), path
            assert not anchor or f'id="{anchor}"' in target.read_text(), anchor


def test_languages_have_the_same_pages():
    english, chinese = (
        {path.name for path in (GUIDE / language).glob("*.md")}
        for language in ("en", "zh_CN")
    )
    assert english == chinese != set()


@pytest.mark.parametrize("name", ["tasks.md", "administrator.md"])
def test_languages_have_the_same_chapters(name):
    def shape(language):
        text = (GUIDE / language / name).read_text()
        return [line.split(" ")[0] for line in text.splitlines() if line[:1] == "#"]

    assert shape("en") == shape("zh_CN")


@pytest.mark.parametrize("language", list(glossary.WORDS))
def test_glossary_is_current(language):
    path = GUIDE / language / "glossary.md"
    assert path.read_text() == glossary.text(language)


def test_glossary_has_every_number_in_both_languages():
    english, chinese = (
        set(
            re.findall(r'id="([\w.]+)"', (GUIDE / language / "glossary.md").read_text())
        )
        for language in ("en", "zh_CN")
    )
    assert english == chinese
    assert {"customers.revenue", "products.revenue", "campaigns.lift"} <= english
