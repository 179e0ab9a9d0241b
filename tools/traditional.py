"""Traditional Chinese of Taiwan: made of the simplified translation.

    ./dev i18n                  does it with all else
    ./dev i18n --traditional    does this and the glossary alone, in seconds

OpenCC converts characters and usual words; `taiwan_terms.txt` has the terms of business
in which it is wrong or does not know them. Nobody edits `zh_TW.po`: what is wrong there
is corrected in that table. Runs with the Python of `.venv`, which has the packages.
"""

from functools import cache
from pathlib import Path

from . import glossary
from .paths import ROOT, TOOLS

SOURCE, TARGET = "zh_CN", "zh_TW"
TERMS = TOOLS / "taiwan_terms.txt"


@cache
def terms() -> tuple[tuple[str, str], ...]:
    """Return pairs of what OpenCC gives and what is meant."""
    lines = TERMS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple((found, meant) for found, meant in pairs)


@cache
def _converter() -> object:
    from opencc import OpenCC

    return OpenCC("s2twp")


def convert(text: str) -> str:
    """Return a simplified text as it is written in Taiwan."""
    text = _converter().convert(text)
    for found, meant in terms():
        text = text.replace(found, meant)
    return text


def translation(folder: Path) -> str:
    """Return the content of `zh_TW.po` made of the `zh_CN.po` of a folder."""
    import polib

    po = polib.pofile(str(folder / f"{SOURCE}.po"))
    po.metadata["Language"] = TARGET
    for entry in po:
        text = convert(entry.msgstr)
        entry.msgstr = "" if text == entry.msgid else text
    return str(po)


def write(folder: Path) -> None:
    """Write `zh_TW.po` beside `zh_CN.po`."""
    path = folder / f"{TARGET}.po"
    path.write_text(translation(folder), encoding="utf-8")


def main() -> None:
    """Write the translations of all addons."""
    for path in sorted(ROOT.glob(f"customer_classification*/i18n/{SOURCE}.po")):
        write(path.parent)
    glossary.write()


if __name__ == "__main__":
    main()
