"""Pages that `./dev screenshots` takes.

The browser itself is for people to watch.
"""

import pytest

from tools import screenshots
from tools.console import DevError


def pages(*argv):
    return screenshots.chosen_pages(screenshots._parser().parse_args(argv))


def test_without_arguments_those_of_the_documentation():
    assert pages() == screenshots.DOCS
    args = screenshots._parser().parse_args([])
    assert (args.folder, args.login) == (screenshots.FOLDER, "admin")


def test_documentation_shows_what_is_taken():
    """Each picture that README and guide show is one that the command retakes."""
    guides = ("docs/guide/en/tasks.md", "docs/guide/zh_CN/tasks.md")
    for name in ("README.md", "docs/guide.md", *guides):
        text = (screenshots.ROOT / name).read_text()
        shown = {
            part.split(".png")[0]
            for part in text.split("screenshots/")
            if ".png" in part
        }
        assert shown and shown <= set(screenshots.DOCS), name


def test_every_screen():
    assert pages("x", "--all").keys() > screenshots.DOCS.keys()


def test_pages_of_ones_own():
    chosen = pages("x", "--page", "mine=/odoo/customer-profiles?view_type=graph")
    assert chosen["mine"].path == "/odoo/customer-profiles?view_type=graph"


@pytest.mark.parametrize("text", ["mine", "mine=", "mine=odoo", "../x=/odoo"])
def test_page_that_is_none(text):
    with pytest.raises(DevError, match="write it like"):
        pages("x", "--page", text)


def test_machine_without_a_browser(monkeypatch):
    def none():
        raise DevError("no Chromium here")

    monkeypatch.setattr(screenshots.browser, "need", none)
    with pytest.raises(DevError, match="no Chromium here"):
        screenshots.screenshots([])
