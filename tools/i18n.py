"""`./dev i18n`: export the terms of our addons, update translations.

Traditional Chinese is made of the simplified one (`traditional.py`).
"""

from pathlib import Path

from . import databases, environment, glossary, processes, traditional
from .checks import LANGUAGE
from .console import DevError, say, step
from .odoo import Session, session
from .paths import LOGS, PYTHON, ROOT, repository_modules

_DATABASE = "i18n"


def i18n(only_traditional: bool = False) -> int:
    """Write `i18n/ADDON.pot` and `i18n/LANGUAGE.po` of each addon.

    :param only_traditional: write traditional Chinese alone, without Odoo
    """
    environment.need("addon", "test")
    if only_traditional:
        argv = [PYTHON, "-m", "tools.traditional"]
        return processes.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    modules = repository_modules()
    with session() as odoo:
        databases.database_from_template(odoo, _DATABASE, modules)
        for module in modules:
            _export(odoo, module)
        databases.drop(odoo, _DATABASE)
    # polib is in `.venv`, not in the Python that runs `./dev`.
    argv = [PYTHON, "-m", "tools.i18n", *modules]
    return processes.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})


def _export(odoo: Session, module: str) -> None:
    folder = ROOT / module / "i18n"
    folder.mkdir(exist_ok=True)
    template = folder / f"{module}.pot"
    log = LOGS / f"{_DATABASE}.log"
    args = ("i18n", "export", "-d", _DATABASE, "-l", "pot", "-o", str(template))
    with step(f"Terms of {module}"):
        if odoo.stream(*args, module, on_line=lambda line: None, log=log):
            raise DevError(f"Odoo could not export the terms: see {log}")


def merge(folder: Path) -> None:
    """Merge new terms into the translation and drop obsolete ones.

    Say how many wait for somebody to translate them.
    """
    import polib

    template = polib.pofile(str(folder / f"{folder.parent.name}.pot"))
    for name in ("POT-Creation-Date", "PO-Revision-Date"):
        template.metadata.pop(name, None)  # else every export would be a change
    template.save()
    path = folder / f"{LANGUAGE}.po"
    known = polib.pofile(str(path)) if path.exists() else []
    done = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in known}
    translation = polib.POFile(wrapwidth=template.wrapwidth)
    translation.metadata = {**template.metadata, "Language": LANGUAGE}
    translation.metadata["Plural-Forms"] = "nplurals=1; plural=0;"
    for entry in sorted(template, key=lambda entry: entry.msgid):
        text = done.get((entry.msgctxt, entry.msgid), "")
        entry.msgstr = "" if text == entry.msgid else text
        translation.append(entry)
    path.write_text(str(translation), encoding="utf-8")  # as OCA's check has it
    missing = len(translation.untranslated_entries())
    traditional.write(folder)
    say(f"{path.relative_to(ROOT)}: {missing} of {len(template)} terms to translate")


if __name__ == "__main__":
    import sys

    for addon in sys.argv[1:]:
        merge(ROOT / addon / "i18n")
    glossary.write()
