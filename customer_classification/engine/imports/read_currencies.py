"""Currencies that a file names: by code, sign or name, in any letter case."""

from collections import defaultdict
from typing import NamedTuple

from .cell_text import folded, plain

# Usual texts that no list of currencies holds: {text: codes}.
_ALIASES = {
    "us$": ("USD",),
    "$us": ("USD",),
    "usd$": ("USD",),
    "us dollar": ("USD",),
    "us dollars": ("USD",),
    "ca$": ("CAD",),
    "c$": ("CAD",),
    "cdn$": ("CAD",),
    "a$": ("AUD",),
    "au$": ("AUD",),
    "nz$": ("NZD",),
    "hk$": ("HKD",),
    "nt$": ("TWD",),
    "s$": ("SGD",),
    "sg$": ("SGD",),
    "mx$": ("MXN",),
    "r$": ("BRL",),
    "cn¥": ("CNY",),
    "rmb": ("CNY",),
    "rmb¥": ("CNY",),
    "元": ("CNY", "TWD", "HKD"),
    "人民币": ("CNY",),
    "人民币元": ("CNY",),
    "jp¥": ("JPY",),
    "円": ("JPY",),
    "日元": ("JPY",),
    "日圆": ("JPY",),
    "欧元": ("EUR",),
    "美元": ("USD",),
    "英镑": ("GBP",),
    "港元": ("HKD",),
    "港币": ("HKD",),
    "fr.": ("CHF",),
    "sfr.": ("CHF",),
    "sfr": ("CHF",),
}


class Currency(NamedTuple):
    """A currency; ``names`` are its sign and all that it is called."""

    id: int
    code: str
    names: tuple
    active: bool = True


class Decision(NamedTuple):
    """The currency of a line, or the reason without one.

    ``problem``: ``unknown``, ``inactive``, ``contradiction`` or ``ambiguous``, with
    the text that made it and the codes of the candidates.
    """

    id: int | None = None
    problem: str = ""
    text: str = ""
    codes: tuple = ()


class Currencies:
    """Finds the currencies that a text may mean."""

    def __init__(self, currencies):
        currencies = list(currencies)
        self._by_id = {one.id: one for one in currencies}
        self._by_text = defaultdict(set)
        codes = {one.code: one.id for one in currencies}
        for one in currencies:
            for text in (one.code, *one.names):
                if text:
                    self._by_text[_key(text)].add(one.id)
        for text, known in _ALIASES.items():
            self._by_text[_key(text)].update(codes[c] for c in known if c in codes)

    def candidates(self, text):
        """Return ``(active, inactive)`` ids of the possible meanings of a text."""
        ids = self._by_text.get(_key(text), ())
        active = {one for one in ids if self._by_id[one].active}
        return active, set(ids) - active

    def decide(self, texts, own):
        """Return the :class:`Decision` about a line.

        :param texts: texts that name a currency there, empty ones among them
        :param own: the id of the company's currency: that of a line without one, and
            the meaning of an ambiguous sign if it is among its meanings
        """
        left, said = None, ""
        for text in filter(None, texts):
            active, inactive = self.candidates(text)
            if not active:
                problem = "inactive" if inactive else "unknown"
                return Decision(None, problem, text, self._codes(inactive))
            if left is not None and not left & active:
                return Decision(None, "contradiction", text, (said,))
            left = active if left is None else left & active
            said = said or text
        if left is None or own in left:
            return Decision(own)
        if len(left) > 1:
            return Decision(None, "ambiguous", said, self._codes(left))
        return Decision(min(left))

    def _codes(self, ids):
        return tuple(sorted(self._by_id[one].code for one in ids))


def _key(text):
    return folded(plain(text))
