"""Chinese texts: no English, full-width punctuation, current zh_TW."""

import re

import polib
import pytest

from tools import traditional
from tools.paths import ROOT, repository_modules

FOLDERS = [ROOT / name / "i18n" for name in repository_modules()]
LANGUAGES = (traditional.SOURCE, traditional.TARGET)
# Names of classes, products, methods, formats and fields that are the same in Chinese.
NAMES = frozenset(
    "ABC AUC AX Awesome Brier CRM CZ CSV Classification DeLong Font HTML ID ISO JSON "
    "KPI MB MOD NPS ODOO Odoo PDF POS Python RFM SKU SQL URL UTC UTM VIP XLSX XYZ "
    "champion fa-tasks lunardate rfm run today vip W-".split()
)
# What is no text: placeholders, expressions, tags, addresses, code.
CODE = re.compile(
    r"%\(\w+\)[sdf]|%[sd]|\{\{.*?\}\}|\$\{.*?\}|\{\w*\}|<[^>]+>|&\w+;|https?://\S+"
    r"|`[^`]*`|[\w.]*object\.[\w.]+|\bor ''",
    re.DOTALL,
)
WORD = re.compile(r"[A-Za-z][A-Za-z_'-]+")
CHINESE = "[\u3400-\u9fff]"
HALF_WIDTH = re.compile(
    rf"{CHINESE}\s*[,:;!?()]|[,:;!?()]\s*{CHINESE}|{CHINESE}\.(?![\w.])"
)
# Broken lines of a text are shown as a space, which Chinese does not have.
BROKEN = re.compile(
    r"[\u3001-\u303f\u3400-\u9fff\uff00-\uffef”](?:<[^>]+>)*\s*\n {2,}"
    r"(?:<[^>]+>)*[\u3001-\u303f\u3400-\u9fff\uff00-\uffef“]"
)
# Words that are not those of the glossary: {wrong: right}
TERMS = {
    "高价客户": "高价值客户",
    "高值客户": "高价值客户",
    "中价值客户": "中等价值客户",
    "低价客户": "低价值客户",
    "低值客户": "低价值客户",
    "高級客戶": "高價值客戶",
}


def entries(folder, language):
    """Return the translated terms of an addon, but for expressions."""
    found = polib.pofile(str(folder / f"{language}.po"))
    return [
        entry for entry in found if entry.msgstr and not entry.msgid.startswith("'%s")
    ]


def english(text):
    """Return the words of a Chinese text that are English."""
    return [word for word in WORD.findall(CODE.sub(" ", text)) if word not in NAMES]


def half_width(text):
    """Return the first place of a text with punctuation that is not Chinese."""
    found = HALF_WIDTH.search(CODE.sub("文", text))
    return found and found.group()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english(folder, language):
    wrong = [
        f"{entry.msgid!r}: {entry.msgstr!r}: {' '.join(words)}"
        for entry in entries(folder, language)
        if (words := english(entry.msgstr))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_full_width_punctuation(folder, language):
    wrong = [
        f"{place!r} in {entry.msgstr!r} ({entry.msgid!r})"
        for entry in entries(folder, language)
        if (place := half_width(entry.msgstr))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_broken_lines(folder, language):
    wrong = [
        f"{found.group()!r} in {entry.msgstr!r}"
        for entry in entries(folder, language)
        if (found := BROKEN.search(entry.msgstr)) and "<br" not in found.group()
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        ("不做任何\n    更改。", True),
        ("点击\n    <i>重新计算</i>", True),
        ("到期\n今天：", False),
        ("RFM 代码", False),
    ],
)
def test_broken_lines_are_found(text, is_broken):
    assert bool(BROKEN.search(text)) == is_broken


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_terms_of_the_glossary(folder):
    wrong = [
        f"{entry.msgstr!r}: write {right}"
        for language in LANGUAGES
        for entry in entries(folder, language)
        for term, right in TERMS.items()
        if term in entry.msgstr
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_traditional_is_made_of_simplified(folder):
    """The file is what `./dev i18n --traditional` writes."""
    path = folder / f"{traditional.TARGET}.po"
    assert path.read_text() == traditional.translation(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_placeholders_are_kept(folder):
    """Conversion leaves placeholders and tags as they are."""
    pairs = zip(
        polib.pofile(str(folder / "zh_CN.po")),
        polib.pofile(str(folder / "zh_TW.po")),
        strict=True,
    )
    for simplified, taiwan in pairs:
        if taiwan.msgstr:
            wanted = re.findall(r"%\(\w+\)[sdf]|%[sd]|<[^>]+>", simplified.msgstr)
            found = re.findall(r"%\(\w+\)[sdf]|%[sd]|<[^>]+>", taiwan.msgstr)
            assert len(found) == len(wanted), taiwan.msgstr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("高价值客户", []),
        ("VIP 客户：%(name)s", []),
        ("打开 <i class='fa fa-check'/> 总览", []),
        ("打开 Overview", ["Overview"]),
        ("Not translated", ["Not", "translated"]),
    ],
)
def test_english_words_are_found(text, words):
    assert english(text) == words


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("客户，产品。", None),
        ("占比（%）", None),
        ("10:30 到 11:00", None),
        ("%(a)s：%(b)s", None),
        ("客户,产品", "户,"),
        ("确定吗?", "吗?"),
        ("占比 (%)", "比 ("),
        ("%s:这不是文件。", "文:"),
        ("客户.", "户."),
    ],
)
def test_half_width_punctuation_is_found(text, place):
    assert half_width(text) == place


@pytest.mark.parametrize(
    ("simplified", "taiwan"),
    [
        ("发布客户规则", "發布客戶規則"),
        ("用户没有权限", "使用者沒有權限"),
        ("统计窗口内的收入", "統計期間內的收入"),
        ("目标对象", "目標對象"),
        ("营销渠道", "行銷通路"),
        ("“沉睡”客户，每周", "「沉睡」客戶，每週"),
        ("高价值客户与低价值客户", "高價值客戶與低價值客戶"),
    ],
)
def test_terms_of_taiwan(simplified, taiwan):
    assert traditional.convert(simplified) == taiwan
