"""`./dev readme`: README.rst and the page in Apps of each addon.

    ./dev readme            writes stale files
    ./dev readme --check    only names them, for `./dev lint`

They are made from the fragments in `readme/`. The fragments are those of the OCA
(DESCRIPTION, CONTEXT, INSTALL ...), and pandoc turns them into reStructuredText with
the OCA's options. docutils makes the page in Apps of the same text, without the parts
that only developers read. Pictures are scaled from `docs/screenshots`. Runs with the
Python of `.venv`, which has these programs.
"""

import argparse
import hashlib
import html
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import environment, processes
from .paths import PYTHON, ROOT, manifest, repository_modules

SCREENSHOTS = ROOT / "docs" / "screenshots"
# File: title of its section.
FRAGMENTS = {
    "DESCRIPTION": "",
    "CONTEXT": "Use Cases / Context",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known issues / Roadmap",
    "DEVELOP": "Development",
    "HISTORY": "Changelog",
}
_FOR_USERS = ("DESCRIPTION", "CONTEXT", "INSTALL", "CONFIGURE", "USAGE", "ROADMAP")
# As the OCA's generator: no HTML, and no identifiers, which nothing refers to.
_MARKDOWN = "gfm-raw_html-gfm_auto_identifiers"
_PICTURE = re.compile(r"!\[[^]]*\]\((?:\.\./static/description/)([\w-]+\.png)\)")
_WIDTH = 960  # pixels of a picture in Apps
_SOURCE = "Source-SHA256"  # where a scaled picture names the one it was made from
_NOTICE = "This file is generated from readme/ by ./dev readme: change it there."
_BUGS = """
If something does not work as described, please open an issue in the repository from
which you have this addon, with its version, that of Odoo, and what to do to see it.
"""
# Warnings are errors; nothing is read from other files.
_DOCUTILS = {
    "halt_level": 2,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "initial_header_level": 2,
    "doctitle_xform": False,
    "output_encoding": "unicode",
}
# Odoo shows name and summary above it.
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<!-- {notice} -->
<head>
<meta charset="utf-8" />
<title>{name}</title>
</head>
<body>
<section class="container">
{body}
</section>
</body>
</html>
"""


def readme(args: Sequence[str] = ()) -> int:
    """Run this file with the Python of `.venv`."""
    environment.need("lint")
    return processes.run([PYTHON, "-m", "tools.readme", *args], cwd=ROOT)


# In `.venv`


def main(argv: Sequence[str]) -> int:
    """Write or name stale files and return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev readme")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(argv).check
    folders = [ROOT / name for name in repository_modules()]
    stale = [found for folder in folders for found in stale_files(folder)]
    for path, content in stale:
        if not check:
            path.write_bytes(content)
        remedy = "is not up to date: run ./dev readme" if check else "written"
        print(f"{path.relative_to(ROOT)} {remedy}")
    return 1 if check and stale else 0


def stale_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield path and new content of each stale file of an addon."""
    description = folder / "static" / "description"
    for picture in pictures(folder):
        if _is_scaled(description / picture, SCREENSHOTS / picture):
            continue
        yield description / picture, _scaled(SCREENSHOTS / picture)
    for path, text in (
        (folder / "README.rst", readme_text(folder)),
        (description / "index.html", page_text(folder)),
    ):
        if not path.exists() or path.read_text() != text:
            yield path, text.encode()


def pictures(folder: Path) -> list[str]:
    """Return the names of the pictures that the fragments show."""
    texts = [path.read_text() for path in sorted((folder / "readme").glob("*.md"))]
    return list(dict.fromkeys(_PICTURE.findall("\n".join(texts))))


# Text


def readme_text(folder: Path) -> str:
    """Return README.rst: title, fragments, bug tracker, credits."""
    info = manifest(folder)
    line = "=" * len(info["name"])
    status = info.get("development_status", "Beta")
    parts = [
        f"{line}\n{info['name']}\n{line}\n",
        f"..\n   {_NOTICE}\n",
        f"Maturity: {status}. License: {info['license']}.\n",
        _as_rst(_markdown(folder, ("DESCRIPTION",))),
        "**Table of contents**\n\n.. contents::\n   :local:\n",
        _as_rst(_markdown(folder, [*FRAGMENTS][1:]) + _closing(folder, info)),
    ]
    return "\n".join(parts).replace("../static/", "static/")


def page_text(folder: Path) -> str:
    """Return the page in Apps: the users' part, with pictures that fit."""
    info = manifest(folder)
    body = _as_html(_as_rst(_markdown(folder, _FOR_USERS)))
    body = re.sub(
        r'<img alt="([^"]*)"[^>]*? src="\.\./static/description/([^"]+)"',
        r'<img alt="\1" class="img-fluid border rounded shadow-sm my-2" src="\2"',
        body,
    )
    return _PAGE.format(
        notice=_NOTICE, name=html.escape(info["name"]), body=body.strip()
    )


def _markdown(folder: Path, names: Sequence[str]) -> str:
    """Join fragments, each under its title."""
    parts = []
    for name in names:
        path = folder / "readme" / f"{name}.md"
        if path.exists():
            title = f"# {FRAGMENTS[name]}\n\n" if FRAGMENTS[name] else ""
            text = re.sub("^##+ ", "## ", path.read_text(), flags=re.MULTILINE)
            parts.append(title + text.strip() + "\n")
    return "\n".join(parts)


def _closing(folder: Path, info: dict) -> str:
    contributors = (folder / "readme" / "CONTRIBUTORS.md").read_text()
    authors = "".join(f"- {name.strip()}\n" for name in info["author"].split(","))
    return (
        f"\n# Bug Tracker\n{_BUGS}\n# Credits\n\n"
        f"## Authors\n\n{authors}\n## Contributors\n\n{contributors}"
    )


def _as_rst(text: str) -> str:
    import pypandoc

    return pypandoc.convert_text(text, "rst", _MARKDOWN, sandbox=True)


def _as_html(text: str) -> str:
    from docutils.core import publish_parts

    return publish_parts(text, writer="html5", settings_overrides=_DOCUTILS)["body"]


# Pictures


def _is_scaled(picture: Path, source: Path) -> bool:
    """Was this picture made from this source as it is now?"""
    from PIL import Image

    if not picture.exists():
        return False
    with Image.open(picture) as image:
        return image.info.get(_SOURCE) == _digest(source)


def _scaled(source: Path) -> bytes:
    """Return a picture scaled down and in few colors, which names its source."""
    from PIL import Image, PngImagePlugin

    image = Image.open(source).convert("RGB")
    size = _WIDTH, round(image.height * _WIDTH / image.width)
    small = image.resize(size, Image.Resampling.LANCZOS).quantize(128, dither=0)
    info = PngImagePlugin.PngInfo()
    info.add_text(_SOURCE, _digest(source))
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
