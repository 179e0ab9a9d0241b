"""Customer codes: letters, lengths and the check character.

The check character is that of ISO 7064, MOD 37,36, over digits and capital letters: it
finds every single wrong character and nearly all swapped neighbours.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MODULUS = len(ALPHABET)
VALUES = {char: value for value, char in enumerate(ALPHABET)}


class Segment(NamedTuple):
    """Part of a code: its content, length and fill character."""

    kind: str
    width: int
    padding: str = "X"
    text: str | None = None


class Recipe(NamedTuple):
    """Parts, separator and check character of the codes of a scheme."""

    segments: tuple
    separator: str
    checked: bool

    def code(self, words, number):
        """The code of a customer, by ``{kind: word}`` and the running number.

        >>> parts = Segment("country", 2), Segment("number", 4)
        >>> Recipe(parts, "-", False).code({"country": "NL"}, 12)
        'NL-0012'
        """
        return composed(
            [
                numbered(number, segment.width)
                if segment.kind == "number"
                else fitted(
                    segment.text if segment.kind == "text" else words.get(segment.kind),
                    segment.width,
                    segment.padding,
                )
                for segment in self.segments
            ],
            self.separator,
            self.checked,
        )


def letters(text):
    """The digits and capital letters of a text, accents taken off.

    >>> letters("Crème & Co. 7")
    'CREMECO7'
    >>> letters(None)
    ''
    """
    decomposed = unicodedata.normalize("NFKD", text or "").upper()
    return "".join(filter(VALUES.__contains__, decomposed))


@lru_cache(maxsize=10_000)
def fitted(text, length, padding):
    """Return the letters of a text in a fixed number of characters.

    >>> fitted("Manufacturing", 3, "X"), fitted("", 2, "X")
    ('MAN', 'XX')
    """
    return letters(text)[:length].ljust(length, padding)


def numbered(number, length):
    """A running number with leading zeros; one that is longer stays whole.

    >>> numbered(42, 5), numbered(123456, 5)
    ('00042', '123456')
    """
    return str(number).zfill(length)


def check_character(text):
    """The ISO 7064 MOD 37,36 check character over the letters of a text.

    >>> check_character("A1-2425G-ABC1234002")  # the example of the GRid standard
    'M'
    """
    product = MODULUS
    for char in letters(text):
        total = (product + VALUES[char]) % MODULUS or MODULUS
        product = total * 2 % (MODULUS + 1)
    return ALPHABET[(MODULUS + 1 - product) % MODULUS]


def is_checked(text):
    """Return whether the last character of a code is its check character.

    >>> is_checked("A12425GABC1234002M"), is_checked("A12425GABC1234003M")
    (True, False)
    """
    code = letters(text)
    return len(code) > 1 and check_character(code[:-1]) == code[-1]


def composed(parts, separator, checked):
    """Return a code composed of its parts.

    With the check character at its end where the scheme has one.

    >>> composed(["V", "NL", "0001"], "-", False)
    'V-NL-0001'
    """
    code = separator.join(parts)
    return separator.join([code, check_character(code)]) if checked else code
