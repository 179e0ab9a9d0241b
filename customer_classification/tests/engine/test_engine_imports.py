"""Cells of imported files: numbers, days, currencies and lines."""

import calendar
import csv
import io
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from engine.imports import (
    cell_text,
    read_currencies,
    read_dates,
    read_numbers,
    read_tables,
)
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 11, 29)
BOUNDS = (TODAY, date(1970, 1, 1), date(2027, 11, 30))
MARKS = {
    ".": (",", "'", " ", "\u00a0", "\u202f", ""),
    ",": (".", "'", " ", "\u00a0", ""),
}


def numbers(*cells, **options):
    found = read_numbers.reading(cells, **options)
    return [
        None if place in found.strangers else read_numbers.value(cell, found.reading)
        for place, cell in enumerate(cells)
    ]


def days(*cells, **options):
    found = read_dates.reading(cells, *BOUNDS, **options)
    return [
        None
        if place in found.strangers
        else str(read_dates.moment(cell, found.reading, TODAY))
        for place, cell in enumerate(cells)
    ]


# Numbers


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("12,50", "249,90", "1.234,56"), ("12.50", "249.90", "1234.56")),
        (("249.90 €", "12.5 €", "5.00 $"), ("249.90", "12.5", "5.00")),
        (
            ("1.249,90 €", "(1.000,00) €", "5,00\u00a0€"),
            ("1249.90", "-1000.00", "5.00"),
        ),
        (("\u221249.90", "\u2013100.00", "\uff0d7"), ("-49.90", "-100.00", "-7")),
        (
            ("5.00-", "(6.00)", "$(6.00)", "($6.00)"),
            ("-5.00", "-6.00", "-6.00", "-6.00"),
        ),
        (("-$5.00", "$-5.00", "- $ 5.00", "5.00- €"), ("-5.00",) * 4),
        (("12,5 %", "7 %", "100%"), ("12.5", "7", "100")),
        (("1 234,50", "1\u202f234\u202f567,5"), ("1234.50", "1234567.5")),
        (("1'234.50", "1\u2019234\u2019567.5"), ("1234.50", "1234567.5")),
        (("12,34,567.50", "1,00,000"), ("1234567.50", "100000")),
        (("١٬٢٣٤٫٥", "１２．５", "۷"), ("1234.5", "12.5", "7")),
        (("5,-", "12,--", "3,50"), ("5", "12", "3.50")),
        (("Fr.5.00", "CHF 5.00", "5.00CHF", "kr5"), ("5.00", "5.00", "5.00", "5")),
        (("1.5E+3", "2e-2"), ("1500", "0.02")),
        (("0,500", "1,234"), ("0.500", "1.234")),
        ((".5", "0"), ("0.5", "0")),
    ],
)
def test_numbers_as_people_write_them(cells, values):
    assert numbers(*cells) == list(values)


@pytest.mark.parametrize(
    "cell",
    "many 1-2 nan inf NaN --5 -(5) +-5 (5 5) 1,2,3 12.34.5 1.2.3,4 €5€ 5%% - () $ "
    "5€% 1.234,5.6 12,34,56 1e5e5 0x10".split(),
)
def test_no_number(cell):
    assert numbers(cell, "1.50") == [None, "1.50"]


def test_a_column_has_one_reading():
    found = read_numbers.reading(("12.50", "12,50", "1.25"))
    assert (found.reading.decimal, found.strangers, found.against) == (".", (1,), 0)
    found = read_numbers.reading(("1.234", "2,345"))
    assert (found.strangers, found.against) == ((1,), 0)


def test_what_may_be_either_is_told():
    for cell in ("1,234", "1.234"):
        found = read_numbers.reading(("7", cell)).reading
        assert (found.source, found.example) == ("likely", cell)
        assert read_numbers.value(cell, found) == "1234"
    found = read_numbers.reading(("1.234",), neighbours=".").reading
    assert read_numbers.value("1.234", found) == "1.234"


def test_what_is_chosen_holds():
    assert numbers("1.234", chosen=(".", ",")) == ["1.234"]
    assert numbers("1.234", chosen=(",", ".")) == ["1234"]
    assert numbers("249.90 €", "5,00", chosen=(",", ".")) == [None, "5.00"]
    assert numbers("1,234.50", chosen=(".", "")) == [None]
    assert numbers("249.90 €", "1,000.00 $", chosen=(".", ",")) == ["249.90", "1000.00"]


def test_numbers_of_the_spreadsheet_have_no_sign_to_guess():
    cells = (cell_text.Typed("1.234", "€"), "1.234,50", cell_text.Typed("12.5 %"))
    assert numbers(*cells) == ["1.234", "1234.50", "12.5"]
    assert read_numbers.number(cells[0]).currency == "€"
    assert read_numbers.number(cell_text.Typed("1.234")).currency == ""


def grouped(whole, thousands):
    digits = f"{whole:,}"
    return digits.replace(",", thousands)


@given(
    st.sampled_from(sorted(MARKS)),
    st.data(),
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=8),
)
def test_any_column_is_read_as_it_was_written(decimal, data, amounts):
    """Any column is read as written if one amount has cents.

    Whatever the signs.
    """
    thousands = data.draw(st.sampled_from(MARKS[decimal]))
    around = st.sampled_from(("-{}", "({})", "{}-", "€ -{}", "-{} €", "$({})", "−{}"))
    cells = []
    for amount in amounts:
        whole, cents = divmod(abs(int(amount * 100)), 100)
        text = f"{grouped(whole, thousands)}{decimal}{cents:02}"
        cells.append(data.draw(around).format(text) if amount < 0 else text)
    read = [Decimal(value) for value in numbers(*cells)]
    assert read == [Decimal(int(amount * 100)) / 100 for amount in amounts]


@given(
    st.lists(
        st.tuples(st.decimals(0, 10**6, places=2), st.sampled_from(".,")),
        min_size=1,
        max_size=8,
    )
)
def test_two_signs_in_a_column_are_never_both_read(written):
    """Each amount with cents is read as it was written, or named."""
    cells, amounts = [], []
    for amount, decimal in written:
        whole, cents = divmod(int(amount * 100), 100)
        thousands = "," if decimal == "." else "."
        cells.append(f"{grouped(whole, thousands)}{decimal}{cents:02}")
        amounts.append(Decimal(int(amount * 100)) / 100)
    read = [None if one is None else Decimal(one) for one in numbers(*cells)]
    for amount, found in zip(amounts, read, strict=True):
        assert found in (None, amount)
    signs = [decimal for __, decimal in written]
    most = max(signs.count(sign) for sign in ".,")
    assert sum(found is not None for found in read) == most


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_text_is_a_number_or_a_stranger(cells):
    for value in numbers(*cells):
        assert value is None or Decimal(value).is_finite()


# Days


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("14.03.2026", "5.3.2026"), ("2026-03-14", "2026-03-05")),
        (("03/04/2026", "03/25/2026"), ("2026-03-04", "2026-03-25")),
        (("03/04/2026", "25/03/2026"), ("2026-04-03", "2026-03-25")),
        (("31.12.24", "01.02.99"), ("2024-12-31", "1999-02-01")),
        (
            ("14. März 2026", "1 Mai 26", "3. Dez. 2025"),
            ("2026-03-14", "2026-05-01", "2025-12-03"),
        ),
        (("14 mars 2026", "1er août 2026"), ("2026-03-14", "2026-08-01")),
        (("14 de março de 2026",), ("2026-03-14",)),
        (("5 lipca 2026", "5 listopada 2026"), ("2026-07-05", "2026-11-05")),
        (("14 марта 2026",), ("2026-03-14",)),
        (("March 14, 2026", "Apr 3rd 2026"), ("2026-03-14", "2026-04-03")),
        (("Sat, 14 Mar 2026", "03-Nov-2026"), ("2026-03-14", "2026-11-03")),
        (("2026年3月14日", "2026年11月5日"), ("2026-03-14", "2026-11-05")),
        (("26年3月4日", "25年12月11日"), ("2026-03-04", "2025-12-11")),
        (("2026년 3월 14일",), ("2026-03-14",)),
        (("٢٠٢٦-٠٣-١٤", "２０２６/３/５"), ("2026-03-14", "2026-03-05")),
        (("20260314",), ("2026-03-14",)),
        (("2026-03-14 23:30:00", "2026-03-15T01:00"), ("2026-03-14", "2026-03-15")),
        (("14/03/2026 11:30 PM", "14/03/2026 23:30 Uhr"), ("2026-03-14",) * 2),
    ],
)
def test_days_as_people_write_them(cells, expected):
    assert days(*cells) == list(expected)


@pytest.mark.parametrize(
    "cell",
    (
        "2026-03-14 23:30:00 -0500",
        "2026-03-14T23:30:00-05:00",
        "2026-03-14T23:30:00\u221205:00",
        "2026-03-15T04:30:00Z",
        "20260315T043000Z",
        "2026-03-14 11:30:00 PM EST",
        "2026-03-15 04:30:00.000 UTC",
        "2026-03-15 05:30 Europe/Paris",
        "2026-03-14 23:30:00 GMT-0500 (Eastern Standard Time)",
    ),
)
def test_a_zone_makes_a_moment(cell):
    found = read_dates.reading((cell,), *BOUNDS)
    moment = read_dates.moment(cell, found.reading, TODAY)
    assert moment == datetime(2026, 3, 15, 4, 30, tzinfo=timezone.utc)
    assert found.reading.timed


@pytest.mark.parametrize(
    "cell",
    "2026-02-30 yesterday 46095 2026-13-01 2026-14-03 14.03. 1.2.3.4 12:30 "
    "1773529200 32.01.2026 2026-03-14T25:00 2026-03-14T10:00+99:00".split()
    + ["2026-03-14 10:00 XYZ", "14 Foo 2026", "Total", "2026-03-14 13:00 PM"],
)
def test_no_day(cell):
    assert days(cell, "2026-03-14") == [None, "2026-03-14"]


def test_a_column_has_one_order():
    cells = ("14/03/2026", "03/25/2026", "15/03/2026")
    found = read_dates.reading(cells, *BOUNDS)
    assert (found.reading.order, found.strangers, found.against) == ("dmy", (1,), 0)
    assert days("2026-03-14", "2026-03-15", "31.12.2024")[2] is None


def test_what_can_be_either_is_told():
    for usual, day in (("dmy", "2026-04-03"), ("mdy", "2026-03-04")):
        found = read_dates.reading(("03/04/2026",), *BOUNDS, usual=usual)
        assert (found.reading.source, found.reading.example) == ("likely", "03/04/2026")
        assert str(read_dates.moment("03/04/2026", found.reading, TODAY)) == day
    found = read_dates.reading(("05/05/2026",), *BOUNDS)
    assert found.reading.source == "none"


def test_dots_are_of_those_who_begin_with_the_day():
    """Dots do not follow the reader's own order; slashes do."""
    for cell, day in (("04.03.2026", "2026-03-04"), ("04/03/2026", "2026-04-03")):
        found = read_dates.reading((cell,), *BOUNDS, usual="mdy")
        assert found.reading.source == "likely"
        assert read_dates.moment(cell, found.reading, TODAY).isoformat() == day


@pytest.mark.parametrize("cell", ["5k", "5 K", "1.2M", "1,2 m"])
def test_multiples_are_no_currencies(cell):
    assert read_numbers.number(cell) is None
    assert read_numbers.number("K 5").currency == "K"


def test_a_day_that_cannot_be_decides():
    """The day cannot be 10 November 2028 in 2010: it is in the future."""
    found = read_dates.reading(("28/11/10",), *BOUNDS)
    assert found.reading.order == "dmy"


def test_a_chosen_order_holds():
    assert days("03/04/2026", chosen="mdy", usual="dmy") == ["2026-03-04"]
    assert days("2026-05-04", chosen="ydm") == ["2026-04-05"]
    assert days("31.12.2024", "2026-03-14", chosen="ymd") == [None, "2026-03-14"]


def test_formats_of_odoo():
    for pattern, order in (
        ("%d.%m.%Y", "dmy"),
        ("%m/%d/%y", "mdy"),
        ("%Y-%m-%d %H:%M:%S", "ymd"),
        ("%d %b %Y", "dmy"),
        ("%Y%d%m", "ydm"),
        ("%Y-%j", None),
    ):
        assert read_dates.order_of(pattern) == order
    found = read_dates.reading(("14.03.2026",), *BOUNDS).reading
    assert read_dates.pattern_of(found) == "%d.%m.%Y"


@given(
    st.sampled_from(read_dates.ORDERS),
    st.sampled_from("./- "),
    st.booleans(),
    st.lists(st.dates(date(1970, 1, 1), date(2027, 11, 29)), min_size=1, max_size=8),
)
def test_any_days_are_read_in_the_order_they_were_written(order, mark, padded, dates):
    """Days are read in the written order if one day leaves no choice.

    One day of the column is enough.
    """
    dates = [*dates, date(2026, 3, 25)]
    cells = []
    for day in dates:
        width = "02" if padded else ""
        parts = {
            "y": f"{day.year}",
            "m": f"{day.month:{width}}",
            "d": f"{day.day:{width}}",
        }
        cells.append(mark.join(parts[letter] for letter in order))
    assert days(*cells) == [str(day) for day in dates]


@given(
    st.lists(
        st.tuples(st.integers(13, 28), st.integers(1, 12), st.sampled_from("dm")),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from("./-"),
)
def test_two_orders_in_a_column_are_never_both_read(written, mark):
    """Each day after the twelfth is read as it was written, or named."""
    cells = [
        mark.join(map(str, (day, month, 2026) if first == "d" else (month, day, 2026)))
        for day, month, first in written
    ]
    read = days(*cells)
    for (day, month, __), found in zip(written, read, strict=True):
        assert found in (None, str(date(2026, month, day)))
    orders = [first for __, __, first in written]
    assert sum(one is not None for one in read) == max(map(orders.count, "dm"))


@given(st.sampled_from(("en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "tr")))
def test_all_months_of_a_language(language):
    from babel import Locale

    names = Locale.parse(language).months["format"]["wide"]
    cells = [f"{3 + month} {name} 2026" for month, name in names.items()]
    expected = [str(date(2026, month, 3 + month)) for month in names]
    assert days(*cells, language="en") == expected


@given(st.lists(st.text(max_size=14), max_size=5))
def test_any_text_is_a_day_or_a_stranger(cells):
    for place, day in enumerate(days(*cells)):
        assert day is None or day == "None" or date.fromisoformat(day[:10]), place


@given(st.datetimes(datetime(1971, 1, 1), datetime(2026, 1, 1)), st.integers(-14, 14))
def test_any_moment(moment, hours):
    zone = timezone(timedelta(hours=hours))
    cell = moment.replace(microsecond=0, tzinfo=zone).isoformat()
    found = read_dates.reading((cell,), *BOUNDS)
    assert read_dates.moment(cell, found.reading, TODAY).isoformat() == cell


def test_a_leap_day():
    assert calendar.isleap(2024)
    assert days("29.02.2024", "29.02.2025") == ["2024-02-29", None]


# Currencies

TABLE = read_currencies.Currencies(
    read_currencies.Currency(*values)
    for values in (
        (1, "EUR", ("€", "Euro", "Euros"), True),
        (2, "USD", ("$", "United States dollar", "Dollars"), True),
        (3, "CAD", ("$", "Canadian dollar", "Dollars"), True),
        (4, "GBP", ("£", "Pound sterling"), False),
        (5, "CNY", ("¥", "Chinese yuan", "Yuan"), True),
        (6, "JPY", ("¥", "Japanese yen", "Yen"), False),
    )
)


@pytest.mark.parametrize(
    ("texts", "own", "decided"),
    [
        ((), 1, 1),
        (("", ""), 2, 2),
        (("usd",), 1, 2),
        (("Eur",), 2, 1),
        (("€",), 2, 1),
        (("EURO",), 2, 1),
        (("$",), 2, 2),
        (("$",), 3, 3),
        (("US$",), 3, 2),
        (("C$",), 1, 3),
        (("$", "CAD"), 1, 3),
        (("￥",), 1, 5),
        (("RMB",), 1, 5),
    ],
)
def test_currencies(texts, own, decided):
    assert TABLE.decide(texts, own) == (decided, "", "", ())


@pytest.mark.parametrize(
    ("texts", "problem", "codes"),
    [
        (("apples",), "unknown", ()),
        (("£",), "inactive", ("GBP",)),
        (("$",), "ambiguous", ("CAD", "USD")),
        (("USD", "€"), "contradiction", ("USD",)),
        (("USD", "C$"), "contradiction", ("USD",)),
    ],
)
def test_no_currency(texts, problem, codes):
    decision = TABLE.decide(texts, 1)
    assert (decision.id, decision.problem, decision.codes) == (None, problem, codes)


# Lines


def rows_of(text, separator=","):
    return read_tables.lines(read_tables.csv_rows(text, '"', separator), by_title=True)


def test_lines_are_numbered_as_a_spreadsheet_does():
    rows = rows_of('a,b\n\n1,"x\ny"\n , \n2\n3,4,5\n')
    assert [(row.number, list(row)) for row in rows] == [
        (1, ["a", "b"]),
        (3, ["1", "x\ny"]),
        (5, ["2", ""]),
        (6, ["3", "4"]),
    ]
    assert rows[-1].surplus == ["5"]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b;c\n1;2,5;3\n", ";"),
        ("a;b;c\n\n1;2,5;3\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1,5|2,5\n", "|"),
        ("a,b\n1,2\n", ","),
        ("a;b;c\n1;2,5;3\nTotal;2,5\n", ";"),
        ("a\n1\n", ","),
    ],
)
def test_separators(text, separator):
    assert read_tables.separator_of(text, '"') == separator


def test_a_line_that_declares_the_separator():
    text = "sep=;\r\na;b\r\n1;2,5\r\n"
    assert read_tables.declared_separator(text) == ";"
    assert [(row.number, list(row)) for row in rows_of(text, ";")] == [
        (2, ["a", "b"]),
        (3, ["1", "2,5"]),
    ]
    assert read_tables.declared_separator("a;b\n") is None


def test_encodings():
    assert read_tables.text_of("\ufeff−5 €".encode(), None) == ("−5 €", "utf-8")
    assert read_tables.text_of("5 €".encode("cp1252"), None) == (None, None)
    assert read_tables.text_of("5 €".encode("cp1252"), "cp1252") == ("5 €", "cp1252")


@pytest.mark.parametrize(
    ("guesses", "likely"),
    [
        (("cp862", "Windows-1252", "MacRoman"), "windows-1252"),
        (("CP932", "EUC-JP"), "cp932"),
        (("GB2312",), "gb18030"),
        (("ISO-8859-1",), "windows-1252"),
        (("cp850", None), "windows-1252"),
        ((None,), "windows-1252"),
        (("KOI8-R", "cp866"), "koi8-r"),
    ],
)
def test_likely_encodings(guesses, likely):
    assert read_tables.likely_encoding(guesses) == likely
    "Müller".encode(likely, errors="replace")


def test_cells_of_a_spreadsheet():
    from datetime import time

    from openpyxl import Workbook, load_workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["Amount", "Day", "Clock", "Share", "Text"])
    sheet.append([])
    sheet.append([1.234, datetime(2026, 3, 14), time(23, 30), 0.125, "1.234"])
    sheet["A3"].number_format = "#,##0.00 [$€-407]"
    sheet["D3"].number_format = "0.0%"
    sheet.append([5, "", "", "", ""])
    sheet["A4"].number_format = '"$"#,##0.00_);("$"#,##0.00)'  # of any country
    content = io.BytesIO()
    book.save(content)
    book = load_workbook(content, data_only=True, read_only=True)
    title, row, local = read_tables.lines(read_tables.xlsx_rows(book.active))
    assert (title.number, row.number) == (1, 3)
    assert list(row) == ["1.234", date(2026, 3, 14), "23:30:00", "12.5 %", "1.234"]
    assert (row[0].sign, type(row[4])) == ("€", str)
    assert (local[0], local[0].sign) == ("5", "")


def test_csv_module_agrees():
    text = "a,b\n1,2\n"
    assert [list(row) for row in rows_of(text)] == list(csv.reader(io.StringIO(text)))
