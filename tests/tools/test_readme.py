"""README.rst and the page in Apps are made of the fragments.

Stale files are named.
"""

import shutil

import pytest

from tools import environment, processes, readme
from tools.paths import PYTHON, ROOT, manifest, repository_modules

MODULES = repository_modules()
NEEDED = ("DESCRIPTION", "CONTEXT", "INSTALL", "USAGE", "CONTRIBUTORS", "HISTORY")


@pytest.fixture(scope="module", autouse=True)
def packages():
    """Pandoc, docutils and Pillow."""
    environment.need("lint")


@pytest.fixture
def addon(tmp_path, monkeypatch):
    """A copy of an addon, and pictures of its own."""
    folder = tmp_path / "customer_classification"
    ignored = shutil.ignore_patterns("models", "tests", "engine", "views", "i18n")
    shutil.copytree(ROOT / "customer_classification", folder, ignore=ignored)
    shutil.copytree(readme.SCREENSHOTS, tmp_path / "screenshots")
    monkeypatch.setattr(readme, "SCREENSHOTS", tmp_path / "screenshots")
    return folder


def names(addon):
    return [path.name for path, _content in readme.stale_files(addon)]


def test_what_is_committed_is_up_to_date():
    assert processes.run([PYTHON, "-m", "tools.readme", "--check"], cwd=ROOT) == 0


@pytest.mark.parametrize("name", MODULES)
def test_each_addon_has_what_the_oca_asks_for(name):
    folder = ROOT / name
    for part in (
        "DESCRIPTION",
        "CONTEXT",
        "INSTALL",
        "USAGE",
        "CONTRIBUTORS",
        "HISTORY",
    ):
        assert (folder / "readme" / f"{part}.md").stat().st_size > 20, part
    for path in ("README.rst", "static/description/icon.png", "pyproject.toml"):
        assert (folder / path).exists()
    history = (folder / "readme" / "HISTORY.md").read_text()
    assert f"### {manifest(folder)['version']}\n" in history


def test_changed_fragment_is_noticed(addon):
    assert names(addon) == []
    usage = addon / "readme" / "USAGE.md"
    usage.write_text(usage.read_text() + "\n- One more.\n")
    assert names(addon) == ["README.rst", "index.html"]


def test_what_only_developers_read_is_not_on_the_page(addon):
    develop = addon / "readme" / "DEVELOP.md"
    develop.write_text(develop.read_text() + "\nOne more.\n")
    assert names(addon) == ["README.rst"]


def test_edited_result_is_noticed(addon):
    (addon / "README.rst").write_text("By hand")
    (addon / "static" / "description" / "index.html").unlink()
    assert names(addon) == ["README.rst", "index.html"]


def test_retaken_picture_is_noticed(addon, tmp_path):
    shutil.copy(
        tmp_path / "screenshots" / "pivot.png", tmp_path / "screenshots" / "policy.png"
    )
    ((path, content),) = readme.stale_files(addon)
    assert path.name == "policy.png"
    path.write_bytes(content)
    assert names(addon) == []


def test_pictures_fit_and_are_shown(addon):
    page = readme.page_text(addon)
    shown = readme.pictures(addon)
    assert len(shown) >= 4
    for picture in shown:
        # Odoo looks for pictures without a folder beside the page.
        assert (
            f'class="img-fluid border rounded shadow-sm my-2" src="{picture}"' in page
        )
        size = (addon / "static" / "description" / picture).stat().st_size
        assert size < 100_000
    assert "../static" not in page + readme.readme_text(addon)


def test_broken_markup_is_an_error():
    from docutils.utils import SystemMessage

    with pytest.raises(SystemMessage):
        readme._as_html("`no end of it")
