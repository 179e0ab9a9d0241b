"""Tables of texts, as they are in the files that people import."""

import re
from datetime import date, datetime
from typing import NamedTuple

from ...engine.imports import read_dates
from ...engine.imports.cell_text import folded
from ..common.arguments import _shown as shown
from ..common.classification_bounds_mixin import is_empty

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d")
# Words before the sums at the end of a list.
_TOTALS = frozenset(
    "total totals sum sums subtotal grand-total gesamt gesamtsumme summe "
    "zwischensumme insgesamt totaal subtotaal totale totali somme sous-total suma "
    "subtotal razem łącznie celkem spolu összesen yhteensä summa totalt toplam итого "
    "всего разом σύνολο المجموع الإجمالي סהכ 合计 合計 总计 總計 小计 小計 总额 共计 "
    "합계 총계 合计金额 รวม tổng cộng jumlah".split()
)


class Lines(NamedTuple):
    """A table of texts.

    ``rows``: places of its lines in the given file.
    """

    fields: list
    data: list
    rows: list

    def columns(self, name):
        """Places of the columns of a field."""
        return [
            place
            for place, field in enumerate(self.fields)
            if field.split("/")[0] == name
        ]

    def cells(self, name):
        """Return the cells of a field's first column, or None without one."""
        columns = self.columns(name)
        return [line[columns[0]] for line in self.data] if columns else None

    def by_id(self):
        """Check if lines change records that they name by their ids."""
        return bool({"id", ".id"} & set(self.fields))


def as_text(cell):
    """Return a cell as a text file would have it."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return shown(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if is_empty(cell) else cell


def moment(cell):
    """Return a day or a moment in the form of ISO 8601, else None."""
    try:
        if len(cell) == 10:
            return datetime.fromisoformat(cell)
    except ValueError:
        return None
    if not _ISO.match(cell):
        return None
    found = read_dates.moment(cell, read_dates.Reading("ymd", "-", "chosen"), date.max)
    if found and not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day)
    return found


def has_digit(cell):
    return any(char.isdigit() for char in cell)


def is_total(cell):
    """Check if a cell is the label of a total line."""
    if not isinstance(cell, str):
        return False
    words = [word.strip(" :.=()") for word in folded(cell).split()]
    return bool(words) and not _TOTALS.isdisjoint((words[0], words[-1]))


def one_a_cell(problems):
    """The first problem of each cell."""
    found = {}
    for row, name, sentence in problems:
        found.setdefault((row, name), (row, name, sentence))
    return list(found.values())
