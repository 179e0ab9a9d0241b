"""Rows of a file with the line numbers of a spreadsheet.

Empty lines are left out but counted, a number stays a number, and a time of day does
not keep the file from being read.
"""

import csv
import io
import re
from datetime import date, datetime

from .cell_text import Typed

SEPARATORS = (",", ";", "\t", "|", " ", "\x1f")
# Code pages of DOS, mainframes and old Macs: no spreadsheet writes them, and short
# names look like anything in them.
_OF_OTHER_TIMES = re.compile(r"(cp|ibm|mac|hp-?)(?!932|936|949|950|874|125\d)", re.I)
# Encodings that hold more than the one that is guessed, and read all of it alike.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "windows-1252"}
# Currencies in the format of a cell: [$€-407], [$EUR], "€" in quotes, or bare.
_BRACKETED = re.compile(r"\[\$([^\]\-]+)(?:-[^\]]*)?\]")
_FIRST_OWN_FORMAT = 164  # those before are of every file
_BARE = re.compile(r"[$€£¥₹₩₽₺₪฿₫₴₦]")


class Line(list):
    """The cells of a line, with its number in the spreadsheet.

    ``surplus`` are cells beyond the last column that has a title.
    """

    def __init__(self, cells, number):
        super().__init__(cells)
        self.number = number
        self.surplus = []

    def fit(self, width):
        self.surplus = [cell for cell in self[width:] if filled(cell)]
        del self[width:]
        self.extend([""] * (width - len(self)))
        return self


def filled(cell):
    """Return whether a cell holds anything but spaces."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def lines(rows, by_title=False):
    """Return the rows that hold something, all of one width.

    :param rows: iterable of lists of cells, with empty ones
    :param by_title: the first row has all columns; further cells of others are kept
        apart, since a separator within a cell may have moved it there
    """
    found = [
        Line(cells, number)
        for number, cells in enumerate(rows, 1)
        if any(map(filled, cells))
    ]
    if not found:
        return found
    width = len(found[0]) if by_title else max(map(_width, found))
    return [line.fit(width) for line in found]


def _width(cells):
    """The number of cells up to the last one that holds something."""
    return max(place for place, cell in enumerate(cells, 1) if filled(cell))


def text_of(content, encoding):
    """Decode a file of text; without an encoding, UTF-8 where it can be that.

    :return: ``(text, encoding)``, or ``(None, None)`` where it is to be guessed
    """
    if encoding:
        name = (
            "utf-8-sig" if encoding.lower().replace("_", "-") == "utf-8" else encoding
        )
        return content.decode(name), encoding
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return None, None


def likely_encoding(guesses):
    """Return the first guessed encoding in which a spreadsheet writes.

    :param guesses: names, the most likely first; None among them
    """
    names = (name.lower() for name in guesses if name)
    likely = next((one for one in names if not _OF_OTHER_TIMES.match(one)), None)
    return _WIDER.get(likely, likely or "windows-1252")


def separator_of(text, quote):
    """Return the separator that gives all lines as many cells as the first.

    At least two; a comma where there is none.
    """
    sample = text[:200_000]
    best, most = ",", 1
    for candidate in SEPARATORS:
        rows = csv.reader(io.StringIO(sample), quotechar=quote, delimiter=candidate)
        rows = [row for row in rows if any(map(str.strip, row))]
        if len(sample) < len(text):
            rows = rows[:-1]  # cut off in its middle
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        if all(len(row) == width for row in rows):
            return candidate
        if width > most:
            best, most = candidate, width
    return best


def declared_separator(text):
    """The separator that the first line declares, as Excel writes it."""
    declared = re.match(r"sep=(.)\r?\n", text)
    return declared[1] if declared else None


def csv_rows(text, quote, separator):
    """Rows of a file of text; a declared separator is an empty line."""
    if declared_separator(text):
        text = text[text.index("\n") :]
    return csv.reader(
        io.StringIO(text, newline=""), quotechar=quote, delimiter=separator
    )


def xlsx_rows(sheet):
    """Cells of a sheet of openpyxl, opened only for reading."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    # Their "$" is the currency of the computer.
    everywhere = set(BUILTIN_FORMATS.values())
    sheet.reset_dimensions()
    for row in sheet.iter_rows():
        cells = []
        for cell in row:
            number_format = getattr(cell, "number_format", None)
            local = number_format in everywhere and "%" not in number_format
            cells.append(_cell(cell.value, None if local else number_format))
        yield cells


def xls_rows(book, sheet):
    """Cells of a sheet of xlrd, opened with its formats."""
    from xlrd import (
        XL_CELL_BOOLEAN,
        XL_CELL_DATE,
        XL_CELL_ERROR,
        XL_CELL_NUMBER,
        error_text_from_code,
        xldate_as_datetime,
    )

    for place in range(sheet.nrows):
        values = []
        for cell in sheet.row(place):
            value = cell.value
            if cell.ctype == XL_CELL_DATE and value >= 1:
                value = xldate_as_datetime(value, book.datemode)
            elif cell.ctype == XL_CELL_BOOLEAN:
                value = bool(value)
            elif cell.ctype == XL_CELL_ERROR:
                value = error_text_from_code.get(value, str(value))
            elif cell.ctype == XL_CELL_NUMBER:
                value = float(value)
            values.append(_cell(value, _xls_format(book, cell)))
        yield values


def _xls_format(book, cell):
    if cell.xf_index is None or not book.formatting_info:
        return None
    key = book.xf_list[cell.xf_index].format_key
    text = book.format_map[key].format_str
    return text if key >= _FIRST_OWN_FORMAT or "%" in text else None


def _cell(value, number_format):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format or "")
    if isinstance(value, datetime):
        return value if value.time() != datetime.min.time() else value.date()
    return value if isinstance(value, date) else str(value)


def _number(value, number_format):
    if "%" in number_format:
        return Typed(f"{_plain_number(round(value * 100, 10))} %")
    return Typed(_plain_number(value), _sign(number_format))


def _plain_number(value):
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return format(value, ".15g") if abs(value) >= 1e-4 else format(value, "f")


def _sign(number_format):
    """The currency that a cell is shown with, or an empty text."""
    positive = number_format.split(";")[0]
    bracketed = _BRACKETED.search(positive)
    if bracketed:
        return bracketed[1].strip(' "')
    bare = _BARE.search(positive)
    return bare[0] if bare else ""
