"""Next products of all customers of a company, worked out in memory.

*How it works*: one scan of each table of documents tells who bought what when; contacts
become customers, and variants products, in memory. Customer, product and day of a line
are one whole number, so that sorting these finds the habits (how often, when, in what
rhythm), part by part of the customers. Which products are near each other, and what is
new for whom, is found by the engine. Rows are compared with those that there are, and
only those that differ are written.

*Query budget*: eight and four COPY where nothing differs, for any number of customers.
"""

from datetime import date, timedelta

from odoo.tools import SQL

from ...copy_frames import (
    NO_DAY,
    apply_frame,
    copied_rows,
    day_or_null,
    read_frame,
)
from .classification_product_facts import WORK_MEM
from .customer_next_product import KINDS
from .purchases import Numbers, Purchases

# Next products stand for so many days, as what predictions learnt.
KEPT_DAYS = 7
# Rows of each kind that a customer has at most.
MOST_ROWS = 5
# A product is due again from two purchases on: one has no rhythm.
DUE_TIMES = 2
# Products of a customer that are counted in pairs, the dearest habits first: a customer
# with all products of a catalogue says nothing of which ones belong together.
MOST_LIKED = 300
# Lines that are in memory at once.
PART_LINES = 12_000_000
EPOCH = date(1970, 1, 1)
CONTACT = {"id": "int", "record": "int"}
VARIANT = {"id": "int", "record": "int", "is_offered": "bool"}
LINE = {
    "contact": "int",
    "variant": "int",
    "day": "int",
    "amount": "float",
    "quantity": "float",
}
KEY = {"partner_id": "int", "product_tmpl_id": "int", "kind": "int"}
# Columns of a row beside its key; 0, or NO_DAY, for nothing.
VALUES = {
    "rank": "int",
    "times_bought": "int",
    "last_day": "int",
    "gap_tenths": "int",
    "because_tmpl_id": "int",
    "both_count": "int",
    "buyer_count": "int",
}
KIND_NAMES = [kind for kind, __ in KINDS]
DUE, STOPPED, NEW = range(len(KINDS))


def are_due(last_date, as_of_date):
    """Return whether next products are to be worked out again."""
    return not last_date or as_of_date - last_date >= timedelta(KEPT_DAYS)


class NextProducts:
    """Works out the next products of a company as of the day of a run."""

    def __init__(self, run):
        self.run = run
        self.env = run.env
        self.company = run.company_id
        self.model = self.env["customer.next.product"]
        self.today = (run.as_of_date - EPOCH).days

    def refresh(self):
        """Work out all rows, and write those that differ."""
        import pandas as pd

        self.env.flush_all()
        self.customers = Numbers(read_frame(self.env.cr, self._contacts(), CONTACT))
        variants = read_frame(self.env.cr, self._variants(), VARIANT)
        self.products = Numbers(variants)
        offered = variants["record"][variants["is_offered"]]
        self.is_offered = pd.Index(self.products.ids).isin(offered)
        told, bought = self._habits()
        told.append(self._new(bought))
        del bought  # as large as the lines
        self._write(pd.concat(told, ignore_index=True))
        self.model.invalidate_model()

    # What was bought

    def _contacts(self):
        """Return the SQL of contacts, and the customers that they are of."""
        return SQL(
            """
            SELECT c.id, c.commercial_partner_id
              FROM res_partner c
              JOIN customer_profile f
                ON f.partner_id = c.commercial_partner_id
               AND f.company_id = %s AND f.active
            """,
            self.company.id,
        )

    def _variants(self):
        """Return the SQL of variants with their product, and if that is offered."""
        return SQL(
            """
            SELECT p.id, t.id, t.is_offered
              FROM (SELECT t.id, COALESCE(%s, FALSE) AS is_offered
                      FROM product_template t OFFSET 0) t
              JOIN product_product p ON p.product_tmpl_id = t.id
            """,
            self.model._offered_condition(SQL("t"), SQL("%s", self.company.id)),
        )

    def _lines(self):
        """Return the SQL of the lines, and the first day that has one."""
        facts = self.env["classification.product.facts"]
        windows = facts._windows(self.company)
        queries = [
            facts._bought_lines(policy, first, min(last, self.run.as_of_date))
            for policy, first, last in windows
        ]
        lines = SQL(
            "SELECT l.partner_id, l.product_id, l.day - DATE '1970-01-01',"
            " l.amount, l.quantity FROM (%s) l",
            SQL(" UNION ALL ").join(queries or [facts._no_window_lines()]),
        )
        first = min((first for __, first, __ in windows), default=EPOCH)
        return lines, (first - EPOCH).days

    def _habits(self):
        """Return what is told of habits, and which products customers know.

        :returns: list of rows, and a frame of ``partner_id``, ``product_id`` and
            ``is_liked``, each pair once
        """
        import pandas as pd

        cr = self.env.cr
        lines, first_day = self._lines()
        cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", WORK_MEM))
        told, bought = [], []
        with copied_rows(cr, lines, LINE) as rows:
            parts = 1 + len(rows) // PART_LINES
            for part in range(parts):
                purchases = self._purchases(rows, first_day, part, parts)
                liked = []
                for habits in purchases.habits(self.today):
                    told += self._told(habits)
                    liked.append(purchases.pair_of(_liked(habits)))
                bought.append(purchases.known(liked))
        cr.execute("SET LOCAL work_mem TO DEFAULT")
        return told, pd.concat(bought, ignore_index=True)

    def _purchases(self, rows, first_day, part, parts):
        """Return the purchases of a part of the customers."""
        import numpy as np

        number, width = len(self.customers.ids), len(self.products.ids)
        begin, end = number * part // parts, number * (part + 1) // parts
        days = self.today - first_day + 1
        lines = [[np.zeros(0, kind)] for kind in ("int64", "float64", "bool")]
        for chunk in rows.chunks():
            amount, quantity = chunk["amount"], chunk["quantity"]
            day = chunk["day"] - first_day
            customer = self.customers.of(chunk["contact"])
            product = self.products.of(chunk["variant"])
            kept = (customer >= begin) & (customer < end) & (product >= 0)
            kept &= (day >= 0) & (day < days)
            kept &= ~np.isnan(amount) & ~np.isnan(quantity)
            key = (customer * width + product) * days + day
            is_bought = (amount > 0) & (quantity > 0)
            for column, values in zip(lines, (key, quantity, is_bought), strict=True):
                column.append(values[kept])
        return Purchases(lines, width, first_day, days)

    # What is told

    def _told(self, habits):
        """Return the rows of what is due again and of what was stopped."""
        from ...engine.customers.next_products import due_again, is_stopped, stopped

        often = habits["times"].to_numpy() >= DUE_TIMES
        habits = habits[often & self.is_offered[habits["product_id"]]]
        due = due_again(habits[~is_stopped(habits)], MOST_ROWS)
        return [
            self._habit_rows(due, DUE),
            self._habit_rows(stopped(habits, MOST_ROWS), STOPPED),
        ]

    def _habit_rows(self, habits, kind):
        gaps = habits["times"] - 1
        return _rows(
            habits,
            kind,
            times_bought=habits["times"],
            last_day=self.today - habits["last_days"],
            # Half a tenth up, by whole numbers.
            gap_tenths=(20 * habits["span"] + gaps) // (2 * gaps),
        )

    def _new(self, bought):
        """Return the rows of what customers may buy for the first time."""
        import numpy as np

        from ...engine.customers.neighbours import nearest, new_products

        liked = bought[["partner_id", "product_id"]][bought["is_liked"]]
        near = nearest(liked, may_be_near=np.flatnonzero(self.is_offered))
        new = new_products(bought, near, MOST_ROWS)
        return _rows(
            new,
            NEW,
            because_tmpl_id=self.products.ids[new["because_id"]],
            both_count=new["both_count"],
            buyer_count=new["buyer_count"],
        )

    # Writing

    def _write(self, rows):
        """Delete the rows that go, and write those that differ."""
        import pandas as pd

        own_ids, differs, gone = self._compared(rows)
        if len(gone):
            frame = pd.DataFrame({"id": gone})
            apply_frame(
                *(self.env.cr, frame, "tmp_next_gone", {"id": "int"}),
                SQL(
                    "DELETE FROM customer_next_product n USING tmp_next_gone t"
                    " WHERE n.id = t.id"
                ),
            )
        if differs.any():
            rows = rows.assign(
                id=own_ids,
                partner_id=self.customers.ids[rows["partner_id"]],
                product_tmpl_id=self.products.ids[rows["product_tmpl_id"]],
            )
            apply_frame(
                *(self.env.cr, rows, "tmp_next", {"id": "int", **KEY, **VALUES}),
                *self._written(),
                mask=differs,
            )

    def _compared(self, rows):
        """Compare rows with those that there are, read once.

        :returns: the id of each row (0 for a new one), whether it is to be written, and
            the ids of those that are no more
        """
        import numpy as np

        keys = self._keys(*(rows[name].to_numpy() for name in KEY))
        order = np.argsort(keys)
        keys = np.append(keys[order], -1)  # equal to none
        own_ids = np.zeros(len(rows), "int32")
        differs = np.ones(len(rows), bool)
        gone = [np.zeros(0, "int32")]
        kinds = {"id": "int", **KEY, **VALUES}
        with copied_rows(self.env.cr, self._there_are(), kinds) as there:
            for chunk in there.chunks():
                key = self._keys(
                    self.customers.number(chunk["partner_id"]),
                    self.products.number(chunk["product_tmpl_id"]),
                    chunk["kind"],
                )
                place = np.searchsorted(keys[:-1], key)
                stays = (keys[place] == key) & (key >= 0)
                gone.append(chunk["id"][~stays])
                own = order[place[stays]]
                own_ids[own] = chunk["id"][stays]
                differs[own] = False
                for name in VALUES:
                    differs[own] |= rows[name].to_numpy()[own] != chunk[name][stays]
        return own_ids, differs, np.concatenate(gone)

    def _keys(self, customer, product, kind):
        """Return customer, product and kind as a number, negative if unknown."""
        import numpy as np

        width = len(self.products.ids)
        key = (customer.astype("int64") * width + product) * len(KINDS) + kind
        return np.where((customer < 0) | (product < 0), -2, key)

    def _there_are(self):
        """Return the SQL of the rows that there are, as they are compared."""
        return SQL(
            """
            SELECT id, partner_id, product_tmpl_id,
                   array_position(%s::text[], kind::text) - 1, COALESCE(rank, 0),
                   COALESCE(times_bought, 0),
                   COALESCE(last_date - DATE '1970-01-01', %s),
                   COALESCE(round(gap_days * 10), 0)::integer,
                   COALESCE(because_tmpl_id, 0), COALESCE(both_count, 0),
                   COALESCE(buyer_count, 0)
              FROM customer_next_product WHERE company_id = %s
            """,
            KIND_NAMES,
            NO_DAY,
            self.company.id,
        )

    def _written(self):
        """Yield SQL that updates the rows that there are and inserts the others."""
        values = {
            "rank": SQL("t.rank"),
            "times_bought": SQL("NULLIF(t.times_bought, 0)"),
            "last_date": day_or_null(SQL("t.last_day")),
            "gap_days": SQL("NULLIF(t.gap_tenths, 0) / 10.0"),
            "because_tmpl_id": SQL("NULLIF(t.because_tmpl_id, 0)"),
            "both_count": SQL("NULLIF(t.both_count, 0)"),
            "buyer_count": SQL("NULLIF(t.buyer_count, 0)"),
        }
        names = {name: SQL.identifier(name) for name in values}
        yield SQL(
            "UPDATE customer_next_product n SET %s FROM tmp_next t WHERE n.id = t.id",
            SQL(", ").join(
                SQL("%s = %s", names[name], value) for name, value in values.items()
            ),
        )
        yield SQL(
            """
            INSERT INTO customer_next_product
                   (company_id, partner_id, product_tmpl_id, kind, %s)
            SELECT %s, t.partner_id, t.product_tmpl_id, (%s::text[])[t.kind + 1], %s
              FROM tmp_next t
             WHERE t.id = 0
            """,
            SQL(", ").join(names.values()),
            self.company.id,
            KIND_NAMES,
            SQL(", ").join(values.values()),
        )


def _liked(habits):
    """Return the habits that count in pairs."""
    import numpy as np
    import pandas as pd

    from ...engine.customers.next_products import due_again

    customer = habits["partner_id"].to_numpy()
    customer = customer - customer.min(initial=0)
    has_many = (np.bincount(customer) > MOST_LIKED)[customer]
    if not has_many.any():
        return habits
    return pd.concat([habits[~has_many], due_again(habits[has_many], MOST_LIKED)])


def _rows(found, kind, **values):
    """Return rows of a kind, with their places among those of the customer."""
    import numpy as np
    import pandas as pd

    from ...engine.common.groups import sizes, starts, steps

    partner = found["partner_id"].to_numpy()
    columns = {
        "partner_id": partner,
        "product_tmpl_id": found["product_id"].to_numpy(),
        "kind": np.full(len(found), kind),
        "rank": 1 + steps(sizes(starts(partner), len(found))),
    }
    for name in VALUES:
        nothing = NO_DAY if name == "last_day" else 0
        columns.setdefault(name, np.full(len(found), nothing))
    columns |= values
    columns = {name: np.asarray(each).astype("int32") for name, each in columns.items()}
    return pd.DataFrame(columns, copy=False)
