"""Tables that runs fill: columns declared once for content and SQL.

A run works out frames with numbers for everything; here they become the columns of a
table. ``ProfileTable.content`` makes the rows and their hash, by which a run finds
differing rows without reading profiles back; ``ProfileTable.apply`` brings them in.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null, write_frame

# Decimals of the company's currency.
MONEY = "money"
NOW = SQL("now() AT TIME ZONE 'UTC'")


@dataclass(frozen=True)
class Column:
    """A column that a run writes.

    :param kind: its kind on the wire, a key of ``copy_frames.WIRE``
    :param source: name of the engine's column; that of the column by default
    :param places: decimals to which numbers are rounded, or :data:`MONEY`
    :param words: words of a code, counted from 1: the column holds the word
    :param refers: table of an id that may have been deleted since it was read
    :param zero_is_none: whether 0 is written as NULL
    :param dtype: numpy type of the values, as they are by default
    """

    kind: str
    source: str = ""
    places: int | str | None = None
    words: tuple = ()
    refers: str = ""
    zero_is_none: bool = False
    dtype: str = ""

    def values(self, source, money_places):
        """Return values as they are stored, so that equal content is equal."""
        import numpy as np

        values = source.to_numpy() if hasattr(source, "to_numpy") else source
        if self.kind == "day":
            return values if values.dtype.kind == "M" else dates(values)
        if self.places is not None:
            places = money_places if self.places == MONEY else self.places
            return np.round(values.astype("float64"), places) + 0.0  # no minus zero
        return values.astype(self.dtype) if self.dtype else values

    def sql(self, name):
        """Return the SQL of its value from the temporary table."""
        column = column_of(name)
        if self.kind == "day":
            return day_or_null(column)
        if self.kind == "float":
            return float_or_null(column)
        if self.words:
            return word_of(self.words, name)
        if self.refers:
            return id_of(self.refers, name)
        return SQL("NULLIF(%s, 0)", column) if self.zero_is_none else column


def days(**columns):
    """Return columns of days: ``{column: engine's name}``."""
    return {name: Column("day", source) for name, source in columns.items()}


class ProfileTable:
    """A table with one row for each record and company, which runs write.

    :param name: of the table
    :param subject: column that names the record
    :param subject_table: table of the records
    :param columns: ``{name: Column}``; their order decides the hash
    :param derived: ``{name: SQL}`` of columns that follow from others
    """

    def __init__(self, name, subject, subject_table, columns, derived=None):
        self.name = name
        self.subject = subject
        self.subject_table = subject_table
        self.columns = columns
        self.derived = derived or {}

    def with_columns(self, columns, derived):
        """Return the table with more columns, which the hash does not cover."""
        return ProfileTable(
            *(self.name, self.subject, self.subject_table),
            {**self.columns, **columns},
            {**self.derived, **derived},
        )

    @property
    def kinds(self):
        """``{column: kind}`` of the temporary table."""
        return {
            self.subject: "int",
            **{name: column.kind for name, column in self.columns.items()},
            "content_hash": "big",
        }

    def content(self, sources, index, money_places=2):
        """Return the frame of the columns to write, with ``content_hash``.

        :param sources: ``{engine's name: values by record}``
        :param index: ids of the records
        """
        import pandas as pd

        content = {
            name: column.values(sources[column.source or name], money_places)
            for name, column in self.columns.items()
        }
        content = pd.DataFrame(content, index, copy=False)
        content["content_hash"] = content_hash(content)
        return content

    def apply(self, run, content, differs, are_new=False):
        """Write the rows that differ: four queries.

        Five where some of several are new.

        :param content: frame of :meth:`content`; its column ``subject`` is added
        :param differs: mask of the rows to write
        :param are_new: whether none of them is in the table
        """
        content[self.subject] = content.index
        cr, temporary = run.env.cr, f"tmp_{self.name}"
        write_frame(cr, content, temporary, self.kinds, differs)
        known, others = 0, SQL()
        if not are_new:
            cr.execute(self._update(run))
            # A plan that looks up each row would be slow in a table that grows.
            known, others = cr.rowcount, SQL("ON CONFLICT DO NOTHING")
        if known < differs.sum():
            cr.execute(SQL("%s %s", self._insert(run), others))
        cr.execute(SQL("DROP TABLE %s", SQL.identifier(temporary)))

    def _values(self):
        """Return ``{column: SQL of its value}`` from the temporary table."""
        values = {name: column.sql(name) for name, column in self.columns.items()}
        return {
            **values,
            "content_hash": column_of("content_hash"),
            **self.derived,
        }

    def _update(self, run):
        """Return the SQL that updates the rows of the temporary table.

        All of them differ. ``ON CONFLICT`` would lock and log each row once more.
        """
        values = {"run_id": SQL("%s", run.id), **self._values()}
        return SQL(
            "UPDATE %s f SET %s FROM %s t WHERE f.%s = %s AND f.company_id = %s",
            SQL.identifier(self.name),
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value)
                for name, value in values.items()
            ),
            SQL.identifier(f"tmp_{self.name}"),
            SQL.identifier(self.subject),
            column_of(self.subject),
            run.company_id.id,
        )

    def _insert(self, run):
        """Return the SQL that adds the rows of the temporary table.

        Records deleted meanwhile drop out.
        """
        values, stamps = self._values(), _stamps(run)
        names = [SQL.identifier(name) for name in values]
        return SQL(
            """
            INSERT INTO %(table)s (%(subject)s, %(stamps)s, %(names)s)
            SELECT %(own)s, %(stamped)s, %(values)s
              FROM %(temporary)s t
              JOIN %(subjects)s p ON p.id = %(own)s
            """,
            table=SQL.identifier(self.name),
            temporary=SQL.identifier(f"tmp_{self.name}"),
            subject=SQL.identifier(self.subject),
            subjects=SQL.identifier(self.subject_table),
            own=column_of(self.subject),
            stamps=SQL(", ").join(map(SQL.identifier, stamps)),
            stamped=SQL(", ").join(stamps.values()),
            names=SQL(", ").join(names),
            values=SQL(", ").join(values.values()),
        )


def _stamps(run):
    """Return ``{column: SQL}`` of the columns of every row of a run."""
    return {
        "company_id": SQL("%s", run.company_id.id),
        "run_id": SQL("%s", run.id),
    }


def insert_rows(run, table, temporary, subject, joins, values):
    """Return the SQL that appends a temporary table to a history.

    One statement.

    :param joins: SQL of what is joined to the temporary table, and the order; see
        :func:`existing`
    :param values: ``{column: SQL of its value}`` beside what every row has
    """
    values = {
        subject: column_of(subject),
        **_stamps(run),
        "create_date": NOW,
        "policy_id": SQL("%s", run.policy_id.id),
        **values,
    }
    return SQL(
        "INSERT INTO %s (%s) SELECT %s FROM %s t %s",
        SQL.identifier(table),
        SQL(", ").join(map(SQL.identifier, values)),
        SQL(", ").join(values.values()),
        SQL.identifier(temporary),
        joins,
    )


def existing(subject, subject_table):
    """Return the SQL of the join by which subjects deleted meanwhile drop out."""
    table = SQL.identifier(subject_table)
    return SQL("JOIN %s p ON p.id = %s", table, column_of(subject))


def column_of(name):
    """Return the SQL of a column of the temporary table."""
    return SQL.identifier("t", name)


def word_of(words, name):
    """Return the SQL of the word with the number in a column; NULL for 0."""
    return SQL("(%s::varchar[])[%s]", list(words), column_of(name))


def id_of(table, name):
    """Return the SQL of an id that may have been deleted since; NULL for 0.

    Until the run has ended, nobody can delete the record.
    """
    return SQL(
        "(SELECT x.id FROM %s x WHERE x.id = %s FOR KEY SHARE)",
        SQL.identifier(table),
        column_of(name),
    )


def is_known(name):
    """Return the SQL of whether a number is known."""
    return SQL("%s <> 'NaN'", column_of(name))


def dates(numbers):
    """Return day numbers as dates, NaT for NaN."""
    import numpy as np

    numbers = np.asarray(numbers, "float64")
    known = np.where(np.isnan(numbers), 0, numbers).astype("int64")
    found = known.view("datetime64[D]").astype("datetime64[ns]")
    return np.where(np.isnan(numbers), np.datetime64("NaT", "ns"), found)


def content_hash(content):
    """Return a hash of 64 bits of each row, never 0.

    0 means that there is no profile.
    """
    import numpy as np
    import pandas as pd

    total = np.zeros(len(content), "uint64")
    for name in content:
        values = content[name].to_numpy()
        if values.dtype.kind == "M":
            values = values.view("int64")
        total = total * np.uint64(1_000_003) ^ pd.util.hash_array(values)
    return np.where(total == 0, np.uint64(1), total).view("int64")
