"""The glossary of the guide: each number of a profile with its definition.

Written by `./dev i18n` from labels and helps of fields, in each language of the guide;
the page *What the Numbers Mean* of the addon shows the same. Runs with the Python of
`.venv`, which has polib.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from .paths import ROOT, repository_modules

GUIDE = ROOT / "docs" / "guide"
PROFILES = {
    "customer_profile": "customers",
    "product_profile": "products",
    "campaign_profile": "campaigns",
}
NUMBERS = ("Integer", "Float", "Monetary")
NO_FACTS = ("color", "sequence", "churn_signals", "content_hash")
# {language: (title, introduction, {anchor: title of the chapter})}
WORDS = {
    "en": (
        "Glossary",
        "Each number of a profile, as its tooltip and the page _What the Numbers Mean_ "
        "define it.",
        {"customers": "Customers", "products": "Products", "campaigns": "Campaigns"},
    ),
    "zh_CN": (
        "术语表",
        "档案中的每个数字及其定义，与字段提示和“数字的含义”页面一致。",
        {"customers": "客户", "products": "产品", "campaigns": "营销活动"},
    ),
}


def write() -> None:
    """Write `docs/guide/LANGUAGE/glossary.md`."""
    for language in WORDS:
        path = GUIDE / language / "glossary.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(language), encoding="utf-8")


def text(language: str) -> str:
    """Return the glossary in a language of the guide."""
    title, introduction, chapters = WORDS[language]
    parts = [f"# {title}\n", "<!-- prettier-ignore-start -->\n", f"{introduction}\n"]
    for model, anchor in PROFILES.items():
        parts.append(f'## <a id="{anchor}"></a>{chapters[anchor]}\n')
        for name, label, definition in sorted(
            _entries(model, language), key=lambda entry: entry[1].lower()
        ):
            parts.append(
                f'- <a id="{anchor}.{name}"></a>**{label}** (`{name}`): {definition}'
            )
        parts.append("")
    parts.append("<!-- prettier-ignore-end -->\n")
    return "\n".join(parts)


def _entries(model: str, language: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, label and definition of the numbers of a profile."""
    labels = _terms("field_description", model, language)
    helps = _terms("help", model, language)
    for name in _numbers() & set(labels) & set(helps):
        yield name, labels[name], " ".join(helps[name].split())


def _numbers() -> set[str]:
    """Return the names of all fields of our addons that are numbers and facts."""
    names = set()
    for module in repository_modules():
        for path in (ROOT / module / "models").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Assign) and _is_number(node.value):
                    names |= {it.id for it in node.targets if isinstance(it, ast.Name)}
    return {name for name in names if not name.endswith(NO_FACTS)}


def _is_number(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in NUMBERS


def _terms(kind: str, model: str, language: str) -> dict[str, str]:
    """Return `{field: label or help}` of a model from the translations."""
    import polib

    found = {}
    for module in repository_modules():
        start = f"model:ir.model.fields,{kind}:{module}.field_{model}__"
        path: Path = ROOT / module / "i18n" / "zh_CN.po"
        for entry in polib.pofile(str(path)):
            text = entry.msgid if language == "en" else entry.msgstr or entry.msgid
            for place, __ in entry.occurrences:
                if place.startswith(start):
                    found[place.removeprefix(start)] = text
    return found


if __name__ == "__main__":
    write()
