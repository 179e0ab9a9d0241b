"""Many records as copies of a few: one statement, not many creates.

Creating 3,700 orders through the ORM takes minutes, so Odoo makes one order of each
kind, with whatever the installed modules add to it, and PostgreSQL copies its rows
with other values in some columns. A test recomputes the copies and finds no
difference.
"""

from odoo.tools import SQL


def insert_copies(model, origin_ids, columns):
    """Insert one copy of a row for each origin.

    :param model: an empty recordset of the model
    :param origin_ids: id of the row to copy, once for each copy; must be flushed
    :param columns: ``{column: values, one for each copy}`` of what differs
    :return: ids of the new rows in the order of ``origin_ids``
    """
    names = [
        name
        for name, field in model._fields.items()
        if field.store and field.column_type and name != "id"
    ]
    ids = _next_ids(model, len(origin_ids))
    model.env.cr.execute(
        SQL(
            "INSERT INTO %(table)s (id, %(names)s)"
            " SELECT d.id, %(values)s FROM unnest(%(data)s) AS d(id, origin, %(given)s)"
            " JOIN %(table)s o ON o.id = d.origin",
            table=SQL.identifier(model._table),
            names=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(
                SQL.identifier("d" if name in columns else "o", name) for name in names
            ),
            data=SQL(", ").join(
                [
                    SQL("%s::int[]", ids),
                    SQL("%s::int[]", list(origin_ids)),
                    *(_array(model, name, data) for name, data in columns.items()),
                ]
            ),
            given=SQL(", ").join(map(SQL.identifier, columns)),
        )
    )
    return ids


def _array(model, name, values):
    kind = model._fields[name].column_type[0]
    return SQL("%s::%s[]", list(values), SQL(kind))


def _next_ids(model, count):
    rows = model.env.execute_query(
        SQL(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id'))"
            " FROM generate_series(1, %s)",
            model._table,
            count,
        )
    )
    return [number for (number,) in rows]


def set_created(records, moments):
    """Set creation moments of records in the past.

    :param moments: a datetime for each record
    """
    records.flush_recordset()
    records.env.cr.execute(
        SQL(
            "UPDATE %s r SET create_date = d.moment"
            " FROM unnest(%s::int[], %s::timestamp[]) AS d(id, moment)"
            " WHERE r.id = d.id",
            SQL.identifier(records._table),
            list(records.ids),
            list(moments),
        )
    )
    records.invalidate_recordset(["create_date"])
