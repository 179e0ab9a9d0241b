"""Finding Odoo 19: each wrong start gets a sentence with the remedy."""

import pytest

from tools import get_odoo
from tools.console import DevError


def make_odoo(folder, version="19, 0, 0"):
    """Create the files by which an Odoo is recognised."""
    (folder / "odoo").mkdir(parents=True)
    text = f"version_info = ({version}, FINAL, 0, '')\n"
    (folder / "odoo" / "release.py").write_text(text)
    return folder


def test_source_checkout_with_addons_beside(tmp_path):
    make_odoo(tmp_path)
    (tmp_path / "addons" / "web").mkdir(parents=True)
    (tmp_path / "addons" / "web" / "__manifest__.py").touch()
    odoo = get_odoo.from_folder(tmp_path)
    assert odoo.package_path == tmp_path
    assert odoo.addons == (tmp_path / "addons",)


def test_unpacked_debian_package(tmp_path):
    inside = make_odoo(tmp_path / "usr/lib/python3/dist-packages")
    assert get_odoo.from_folder(tmp_path) == get_odoo.Odoo(inside)


def test_copies_beside_debians_package_are_no_addons(tmp_path):
    inside = make_odoo(tmp_path / "usr/lib/python3/dist-packages")
    (inside / "addons" / "web").mkdir(parents=True)
    (inside / "odoo" / "addons" / "web").mkdir(parents=True)
    assert get_odoo.from_folder(tmp_path).addons == ()


def test_folder_of_the_package_itself(tmp_path):
    make_odoo(tmp_path)
    assert get_odoo.from_folder(tmp_path / "odoo").package_path == tmp_path


@pytest.mark.parametrize(
    ("version", "series"), [("17, 0, 0", "17"), ("'saas~18', 2, 0", "saas~18")]
)
def test_another_series_is_refused(tmp_path, version, series):
    make_odoo(tmp_path, version)
    with pytest.raises(DevError, match=f"is Odoo {series}, this addon needs Odoo 19"):
        get_odoo.from_folder(tmp_path)


def test_folder_without_odoo(tmp_path):
    with pytest.raises(DevError, match="holds no Odoo"):
        get_odoo.from_folder(tmp_path)


def test_mirror_is_the_one_that_apt_uses(monkeypatch):
    targets = (
        "Other|nodistro|https://other.example/deb/\n"
        "Debian|bookworm-security|http://m.example/debian-security/\n"
        "Debian|bookworm|http://m.example/debian/\n"
    )
    monkeypatch.setattr(get_odoo, "output", lambda argv: targets)
    assert get_odoo._mirror() == "http://m.example/debian/"


def test_mirror_without_downloaded_lists(monkeypatch):
    targets = "|bookworm-security|http://m/debian-security\n|bookworm|http://m/debian\n"
    monkeypatch.setattr(get_odoo, "output", lambda argv: targets)
    assert get_odoo._mirror() == "http://m/debian"


def test_no_mirror(monkeypatch):
    monkeypatch.setattr(get_odoo, "output", lambda argv: "")
    with pytest.raises(DevError, match="ODOO_HOME"):
        get_odoo._mirror()


def test_no_network_says_what_is_missing_and_where_to_put_it(monkeypatch, tmp_path):
    monkeypatch.setattr(get_odoo, "LOGS", tmp_path / "log")
    monkeypatch.setattr(get_odoo, "DOWNLOADS", tmp_path / "downloads")

    def no_network(argv, on_line, **options):
        on_line("E: Failed to fetch, could not resolve the name")
        return 100

    monkeypatch.setattr(get_odoo, "stream", no_network)
    with pytest.raises(DevError) as caught:
        get_odoo._apt(["apt-get"], None)
    sentence = str(caught.value)
    assert "could not resolve" in sentence
    assert "odoo-19" in sentence
    assert str(tmp_path / "downloads") in sentence
    assert "\n" not in sentence


def test_packages_put_there_by_hand_are_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(get_odoo, "DOWNLOADS", tmp_path)
    for name in get_odoo.PACKAGES:
        (tmp_path / f"{name}_1.0_all.deb").touch()
    monkeypatch.setattr(get_odoo, "_mirror", lambda: pytest.fail("asked the network"))
    monkeypatch.setattr(get_odoo.shutil, "which", lambda name: f"/usr/bin/{name}")
    get_odoo._download_missing()


def test_other_systems_are_told_to_bring_an_odoo(monkeypatch, tmp_path):
    monkeypatch.setattr(get_odoo, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(get_odoo.shutil, "which", lambda name: None)
    with pytest.raises(DevError, match="ODOO_HOME=FOLDER or --odoo FOLDER"):
        get_odoo._download_missing()


def test_broken_package_is_named(tmp_path, capsys):
    package = tmp_path / "odoo-19_1_all.deb"
    package.write_bytes(b"not a package")
    progress = get_odoo.Progress("Unpacking")
    with pytest.raises(DevError, match="odoo-19_1_all.deb could not be unpacked"):
        get_odoo._unpack_one(package, tmp_path, progress)


def test_full_disk_is_told_before_the_download(monkeypatch, tmp_path):
    monkeypatch.setattr(get_odoo, "MADE", tmp_path / "state")
    usage = get_odoo.shutil._ntuple_diskusage(10 << 30, 9 << 30, 1 << 30)
    monkeypatch.setattr(get_odoo.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DevError, match="1024 MB free"):
        get_odoo._check_space()
