"""pandas frames to and from PostgreSQL by ``COPY``.

A row of fixed-width columns without NULL has a fixed length in PostgreSQL's binary
format, so that numpy reads and writes a million rows as one structured array, with
no text and no loop. NULL is spelled as a value that the column cannot have: NaN in
floats, ``NO_DAY`` in days, 0 in ids and codes.

Columns of PostgreSQL's ``numeric`` are read as text: their binary form has no fixed
length, and PostgreSQL itself makes a float8 of them by way of text.

Format: PostgreSQL manual, COPY, "Binary Format".
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from odoo.tools import SQL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

# A buffer of this many bytes before the temporary file saves calls of the system.
_BUFFER = 1 << 18
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
CHUNK_ROWS = 65536
# Rows that are written at a time: they stay in the processor's cache.
_WRITTEN_ROWS = 2048

# kind of column: (numpy type on the wire, PostgreSQL type, bytes)
WIRE = {
    "int": (">i4", "int4", 4),
    "big": (">i8", "int8", 8),
    "float": (">f8", "float8", 8),
    "day": (">i4", "int4", 4),
    "bool": ("u1", "bool", 1),
}
# kind of column: pandas' type while reading text
_READ_AS = {"int": "int32", "big": "int64", "float": "float64", "day": "int32"}
NO_DAY = -(2**31)
# From this size on, an amount is no number that anybody pays, sells or counts: sums of
# cents would not be exact any more, and infinity would make those of others infinite.
TOO_LARGE = 10**15
# The days that numpy can hold in nanoseconds; others would wrap around.
FIRST_DAY, LAST_DAY = "1677-09-23", "2262-04-10"
MOST_DAYS = 106_750


def read_frame(
    cr, query: SQL, kinds: Mapping[str, str], as_text: bool = False
) -> dict[str, np.ndarray]:
    """Run a select and return its columns as numpy arrays: one query.

    :param query: selects exactly the columns of ``kinds``, in their order, none NULL
    :param kinds: ``{column: key of WIRE}``; a ``day`` is selected as
        ``date - '1970-01-01'`` and comes back as ``datetime64[ns]``
    :param as_text: see :func:`copied_rows`
    """
    import numpy as np

    with copied_rows(cr, query, kinds, as_text) as rows:
        columns = {
            name: np.empty(len(rows), _native_type(kind))
            for name, kind in kinds.items()
        }
        place = 0
        for chunk in rows.chunks():
            end = place + len(chunk[next(iter(kinds))])
            for name, values in chunk.items():
                columns[name][place:end] = values
            place = end
    return columns


@contextmanager
def copied_rows(cr, query: SQL, kinds: Mapping[str, str], as_text: bool = False):
    """Run a select and give its rows, in a temporary file: one query.

    They are read a chunk at a time, more than once if need be, and are never in memory
    as a whole.

    :param as_text: columns of kind ``float`` may be numeric, and NULL
    """
    options = "NULL ''" if as_text else "FORMAT binary"
    statement = SQL("COPY (%s) TO STDOUT (%s)", query, SQL(options))
    text = cr.mogrify(statement.code, statement.params).decode()
    with tempfile.TemporaryFile(buffering=_BUFFER) as stream:
        cr.copy_expert(text, stream)
        yield (_TextRows if as_text else _BinaryRows)(stream, kinds, cr.rowcount)


class _BinaryRows:
    """Rows in PostgreSQL's binary format."""

    def __init__(self, stream, kinds: Mapping[str, str], count: int):
        self.kinds = kinds
        self._stream = stream
        self._type = _row_type(kinds)
        self._count = count
        size = stream.seek(0, 2) - len(HEADER) - len(TRAILER)
        if size != count * self._type.itemsize:
            raise ValueError("The rows are not of one length: a column was NULL.")

    def __len__(self):
        return self._count

    def chunks(self):
        """``{column: array}`` of at most ``CHUNK_ROWS`` rows, one after the other."""
        import numpy as np

        self._stream.seek(len(HEADER))
        for start in range(0, self._count, CHUNK_ROWS):
            count = min(CHUNK_ROWS, self._count - start)
            rows = self._stream.read(count * self._type.itemsize)
            chunk = np.frombuffer(rows, self._type)
            yield {
                name: _to_native(chunk[name], kind) for name, kind in self.kinds.items()
            }


class _TextRows:
    """Rows in PostgreSQL's text format: numbers, with tabulators between."""

    def __init__(self, stream, kinds: Mapping[str, str], count: int):
        self.kinds = kinds
        self._stream = stream
        self._count = count

    def __len__(self):
        return self._count

    def chunks(self):
        """``{column: array}`` of at most ``CHUNK_ROWS`` rows, one after the other."""
        done = 0
        try:
            for frame in self._parsed(_READ_AS, 0):
                yield self._columns(frame)
                done += len(frame)
        except ValueError:  # a number that is too large for a float: once in a lifetime
            for frame in self._parsed(dict.fromkeys(_READ_AS, "str"), done):
                yield self._columns(frame)

    def _parsed(self, types, done):
        """Return an iterator of frames of the rows.

        :param types: ``{kind of column: pandas' type}``
        :param done: number of rows to skip
        """
        import pandas as pd

        self._stream.seek(0)
        return pd.read_csv(
            self._stream,
            sep="\t",
            names=list(self.kinds),
            dtype={name: types[kind] for name, kind in self.kinds.items()},
            skiprows=done,
            keep_default_na=False,
            na_values=["", "NaN"],
            skip_blank_lines=False,
            chunksize=CHUNK_ROWS,
        )

    def _columns(self, frame):
        import pandas as pd

        return {
            name: _to_native(
                pd.to_numeric(frame[name], errors="coerce").to_numpy()
                if kind == "float"
                else frame[name].to_numpy(),
                kind,
            )
            for name, kind in self.kinds.items()
        }


def _row_type(kinds):
    """Return the structured type of a row: field count, lengths, values."""
    import numpy as np

    parts = [("fields", ">i2")]
    for name, kind in kinds.items():
        parts += [(f"length of {name}", ">i4"), (name, WIRE[kind][0])]
    return np.dtype(parts)


def _native_type(kind):
    return {
        "int": "int32",
        "big": "int64",
        "float": "float64",
        "day": "datetime64[ns]",
        "bool": "bool",
    }[kind]


def _to_native(values, kind):
    import numpy as np

    if kind != "day":
        return values.astype(_native_type(kind))
    days = values.astype("int64")
    # A day that nanoseconds cannot hold would come back as another one.
    days[np.abs(days) > MOST_DAYS] = np.iinfo("int64").min  # NaT
    return days.view("datetime64[D]").astype("datetime64[ns]")


def _to_wire(values, kind):
    import numpy as np

    if kind != "day":
        return values
    days = np.asarray(values, "datetime64[D]")
    return np.where(np.isnat(days), NO_DAY, days.view("int64"))


def write_frame(
    cr,
    frame: pd.DataFrame,
    table: str,
    kinds: Mapping[str, str],
    mask: pd.Series | None = None,
) -> None:
    """Copy columns of a frame into a new temporary table: two queries.

    :param mask: which rows, all by default

    The table lives until the end of the transaction; a ``day`` is an integer of days
    since 1970-01-01.
    """
    cr.execute(
        SQL(
            "CREATE TEMPORARY TABLE %s (%s) ON COMMIT DROP",
            SQL.identifier(table),
            SQL(", ").join(
                SQL("%s %s", SQL.identifier(name), SQL(WIRE[kind][1]))
                for name, kind in kinds.items()
            ),
        )
    )
    with tempfile.TemporaryFile() as stream:
        _write_rows(stream, frame, kinds, mask)
        stream.seek(0)
        statement = SQL("COPY %s FROM STDIN (FORMAT binary)", SQL.identifier(table))
        cr.copy_expert(statement.code, stream)


def apply_frame(cr, frame, table, kinds, *statements, mask=None):
    """Copy a frame into a temporary table and execute statements on it.

    Three queries besides the statements. Parameters as of :func:`write_frame`.
    """
    write_frame(cr, frame, table, kinds, mask)
    for statement in statements:
        cr.execute(statement)
    cr.execute(SQL("DROP TABLE %s", SQL.identifier(table)))


def _write_rows(stream, frame, kinds, mask):
    import numpy as np

    places = None if mask is None or mask.all() else np.flatnonzero(mask)
    count = len(frame) if places is None else len(places)
    columns = {name: frame[name].to_numpy() for name in kinds}
    rows = np.empty(min(count, _WRITTEN_ROWS), _row_type(kinds))
    rows["fields"] = len(kinds)
    for name, kind in kinds.items():
        rows[f"length of {name}"] = WIRE[kind][2]
    stream.write(HEADER)
    for start in range(0, count, _WRITTEN_ROWS):
        part = slice(start, min(start + _WRITTEN_ROWS, count))
        own = part if places is None else places[part]
        chunk = rows[: part.stop - part.start]
        for name, kind in kinds.items():
            chunk[name] = _to_wire(columns[name][own], kind)
        stream.write(chunk.view("u1"))
    stream.write(TRAILER)


def null_free_day(column: SQL) -> SQL:
    """Return the SQL of a date as days since 1970-01-01.

    ``NO_DAY`` for NULL and for a day that numpy cannot hold.
    """
    return SQL(
        "COALESCE(CASE WHEN %s BETWEEN %s::date AND %s::date"
        " THEN %s - DATE '1970-01-01' END, %s)",
        column,
        FIRST_DAY,
        LAST_DAY,
        column,
        NO_DAY,
    )


def null_free_float(column: SQL) -> SQL:
    """Return the SQL of a number as float8, NaN for NULL.

    NaN also for unusable numbers: infinity, and those larger than ``TOO_LARGE``.
    """
    return SQL(
        "CASE WHEN %s THEN (%s)::float8 ELSE 'NaN'::float8 END",
        is_usable(column),
        column,
    )


def usable_float(column: SQL) -> SQL:
    """Return the SQL of a number as float8, NaN for unusable numbers.

    NULL stays NULL.
    """
    return SQL(
        "CASE WHEN NOT %s THEN 'NaN'::float8 ELSE (%s)::float8 END",
        is_usable(column),
        column,
    )


def is_usable(column: SQL) -> SQL:
    """Return the SQL of whether a number is usable; NULL for NULL.

    PostgreSQL orders NaN above every number.
    """
    return SQL("(%s) BETWEEN -%s AND %s", column, TOO_LARGE, TOO_LARGE)


def day_or_null(column: SQL) -> SQL:
    """SQL of the date behind days since 1970-01-01, NULL for ``NO_DAY``."""
    return SQL("DATE '1970-01-01' + NULLIF(%s, %s)", column, NO_DAY)


def float_or_null(column: SQL) -> SQL:
    """Return SQL of a float8 with NULL for NaN and other unshowable values."""
    return SQL("CASE WHEN %s THEN %s END", is_usable(column), column)
