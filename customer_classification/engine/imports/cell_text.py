"""Normalized text of a cell, as the readers of cells expect it.

Files come with the digits, the minus, the brackets and the spaces of many languages
and programs; people see no difference.
"""

import unicodedata

# Characters shown as a minus: hyphens, dashes, and the sign itself.
_MINUS = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d\u2796"
# Marks that have no width: byte order, writing direction, joiners, soft hyphen.
_UNSEEN = "\ufeff\u200b\u200c\u200d\u200e\u200f\u061c\u00ad" + "".join(
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_SPACES = "\t\n\r\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
_SPACES += "\u200a\u202f\u205f\u3000"
_PLAIN = str.maketrans(
    {
        **dict.fromkeys(_MINUS, "-"),
        **dict.fromkeys(_UNSEEN, ""),
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'"),
        "\u066a": "%",
        "\u066b": "\u066b",  # the Arabic decimal sign says what it is
        "\u066c": "'",  # and so does that of thousands
    }
)


class Typed(str):
    """A number that the spreadsheet itself knows as one, with a decimal point.

    ``sign`` is the currency that the cell is shown with, or empty.
    """

    __slots__ = ("sign",)

    def __new__(cls, text, sign=""):
        cell = super().__new__(cls, text)
        cell.sign = sign
        return cell


def plain(text):
    """Return the text with ASCII digits, minus and spaces.

    Characters without width are left out.
    """
    if text.isascii():
        return text.translate(_PLAIN).strip()
    text = text.translate(_PLAIN)
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    return "".join(
        str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char
        for char in text
    ).strip()


def folded(text):
    """Return a name as it is compared: in any letter case, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split())
