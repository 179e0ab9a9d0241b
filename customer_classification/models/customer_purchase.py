from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from ..copy_frames import TOO_LARGE
from .arguments import _shown as shown
from .classification_bounds_mixin import is_empty
from .classification_source import FIRST_PLAUSIBLE_DAY
from .customer_profile import MONEY_GROUP
from .exchange_rates import (
    ROOT_OF_COMPANY,
    conversion_factor,
    digits_of,
    with_rates,
)

# Of a reference and a channel: both stand in an index, which takes no long texts.
LONGEST_TEXT = 256


class CustomerPurchase(models.Model):
    """A purchase that Odoo itself has no document of: from the web shop, from the
    till, or from the system used before. Imported with Odoo's own import screen."""

    _name = "customer.purchase"
    _inherit = [
        "classification.document.mixin",
        "classification.bounds.mixin",
        "classification.protected.mixin",
    ]
    _description = "Imported Purchase"
    _order = "date desc, id desc"
    _rec_name = "reference"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    date = fields.Date(required=True)
    amount = fields.Monetary(
        required=True,
        groups=MONEY_GROUP,
        help="Untaxed; negative for what the customer gave back.",
    )
    margin = fields.Monetary(
        groups=MONEY_GROUP, help="What was earned on it; leave empty where unknown."
    )
    has_margin = fields.Boolean(string="Margin Known", help="The margin is known.")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    reference = fields.Char(
        help="Number of the order or invoice in its own system. The same number of "
        "the same channel is one purchase, however often it is imported."
    )
    channel = fields.Char(help="Where it was bought: web shop, store, telephone ...")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    company_amount = fields.Monetary(
        string="Amount in Company Currency",
        currency_field="company_currency_id",
        compute="_compute_company_amount",
        store=True,
        groups=MONEY_GROUP,
        help="At the rate of the day of the purchase; 0 while there is none.",
    )
    company_margin = fields.Float(
        string="Margin in Company Currency",
        digits=(16, 2),
        compute="_compute_company_amount",
        store=True,
        groups=MONEY_GROUP,
    )

    # Purchases of some days in a currency of which the rate changed.
    _currency_index = models.Index("(currency_id, date)")
    # Runs that look only at what changed ask for it every hour.
    _write_date_index = models.Index("(write_date)")
    _reference_unique = models.UniqueIndex(
        "(company_id, COALESCE(channel, ''), reference) WHERE reference IS NOT NULL",
        "This reference was imported already for this channel.",
    )

    @api.depends("reference", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """The reference, or the day of a purchase that came without one."""
        for purchase in self:
            purchase.display_name = purchase.reference or (
                purchase.date
                and self.env._("Purchase of %s", format_date(self.env, purchase.date))
            )

    @api.depends("amount", "margin", "currency_id", "date", "company_id.currency_id")
    def _compute_company_amount(self):
        """Convert at each purchase's own day: one query for all rates needed. Nothing
        is known of it in company currency while there is no rate."""
        rates = self._company_rates()
        for purchase in self:
            own = purchase.company_id.currency_id
            key = (purchase.company_id, purchase.currency_id, purchase.date)
            rate = 1 if purchase.currency_id == own else rates.get(key, 0)
            purchase.company_amount = own.round(purchase.amount * rate)
            purchase.company_margin = own.round(purchase.margin * rate)

    def _company_rates(self):
        """Return ``{(company, currency, day): factor}`` to the company's currency, of
        the foreign currencies for which there is a rate.

        As Odoo converts: the last rate up to the day, else the first one after it.
        """
        foreign = {
            (p.company_id, p.currency_id, p.date)
            for p in self
            if p.date and p.currency_id and p.currency_id != p.company_id.currency_id
        }
        if not foreign:
            return {}
        keys = sorted(foreign, key=lambda key: (key[0].id, key[1].id, key[2]))
        self.env["res.currency.rate"].flush_model()
        rows = self.env.execute_query(with_rates(self._needed_factors(keys)))
        known = {
            key: factor
            for key, (factor,) in zip(keys, rows, strict=True)
            if factor is not None
        }
        for (__, currency, day), factor in known.items():
            if not 0 < factor <= TOO_LARGE:
                raise ValidationError(
                    self.env._(
                        "The exchange rate of %(currency)s on %(day)s cannot be "
                        "reckoned with. Mend the rate first.",
                        currency=currency.name,
                        day=format_date(self.env, day),
                    )
                )
        return known

    @api.model
    def _needed_factors(self, keys):
        """SQL of the factors of ``[(company, currency, day)]``, in their order."""
        return SQL(
            """
            SELECT %(factor)s
              FROM unnest(%(companies)s, %(own_currencies)s, %(currencies)s,
                          %(days)s::date[])
                   WITH ORDINALITY
                   AS need(company, own_currency, currency, day, position)
             ORDER BY position
            """,
            factor=conversion_factor(
                root=SQL("need.company"),
                currency=SQL("need.currency"),
                own_currency=SQL("need.own_currency"),
                day=SQL("need.day"),
            ),
            companies=[company.root_id.id for company, __, __ in keys],
            own_currencies=[company.currency_id.id for company, __, __ in keys],
            currencies=[currency.id for __, currency, __ in keys],
            days=[day for __, __, day in keys],
        )

    @api.model
    def _follow_rates(self, changes):
        """Convert again what is of days with another rate than before: one query.

        :param changes: records of ``classification.rate.change``
        """
        self.flush_model()
        self.env["res.currency.rate"].flush_model()
        self.env.cr.execute(
            with_rates(
                SQL(
                    _CONVERT_AGAIN,
                    digits=digits_of(SQL("u")),
                    factor=conversion_factor(
                        root=ROOT_OF_COMPANY,
                        currency=SQL("i.currency_id"),
                        own_currency=SQL("company.currency_id"),
                        day=SQL("i.date"),
                    ),
                    root=ROOT_OF_COMPANY,
                    changes=changes.ids,
                )
            )
        )
        self.invalidate_model(["company_amount", "company_margin"])

    @api.constrains("date")
    def _check_date(self):
        for purchase in self:
            sentence = self._date_sentence(purchase.date)
            if sentence:
                raise ValidationError(sentence)

    @api.model
    def _date_sentence(self, day):
        """Why a day cannot be that of a purchase, ``None`` where it can."""
        last = fields.Date.context_today(self) + relativedelta(years=1)
        if not day:
            return None  # Odoo itself asks for what is required
        if FIRST_PLAUSIBLE_DAY <= day <= last:
            return None
        return self.env._(
            "%(day)s cannot be the day of a purchase: write one from %(first)s to "
            "%(last)s.",
            day=day.isoformat(),
            first=FIRST_PLAUSIBLE_DAY.isoformat(),
            last=last.isoformat(),
        )

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Purchases"),
                "template": "/customer_classification/static/xls/"
                "customer_purchase.xlsx",
            }
        ]

    @api.model_create_multi
    def create(self, vals_list):
        self._check_all_values(vals_list)
        for vals in vals_list:
            if vals.get("margin") is not None and "has_margin" not in vals:
                vals["has_margin"] = not is_empty(vals["margin"])
        if not self.env.context.get("import_file"):
            return super().create(vals_list)
        return self._create_or_update(vals_list)

    @api.model
    def _bounds(self):
        return {"reference": (0, LONGEST_TEXT), "channel": (0, LONGEST_TEXT)}

    @api.model
    def _check_values(self, vals):
        """Name the purchase, where it has a reference."""
        try:
            return super()._check_values(vals)
        except ValidationError as error:
            if not vals.get("reference"):
                raise
            raise ValidationError(
                self.env._(
                    "Purchase %(reference)s: %(sentence)s",
                    reference=shown(vals["reference"]),
                    sentence=error.args[0],
                )
            ) from error

    def _create_or_update(self, vals_list):
        """Import again what is known and add the rest: one search, one create, and
        one write for each known purchase that differs."""
        known = self._known_purchases(vals_list)
        fresh = [vals for vals in vals_list if self._import_key(vals) not in known]
        created = iter(super().create(fresh))
        purchases = self.browse()
        for vals in vals_list:
            purchase = known.get(self._import_key(vals))
            if purchase is None:
                purchases += next(created)
                continue
            purchase._write_differences(vals)
            purchases += purchase
        return purchases

    def _import_key(self, vals):
        """What tells that a line of a file is a purchase already known; None for a
        line without a reference, which is always a purchase of its own."""
        if not vals.get("reference"):
            return None
        company_id = vals.get("company_id") or self.env.company.id
        return (company_id, vals.get("channel") or "", vals["reference"])

    def _known_purchases(self, vals_list):
        """Return ``{key: purchase}`` of the purchases that stand already: one query."""
        references = {vals["reference"] for vals in vals_list if vals.get("reference")}
        known = self.search([("reference", "in", list(references))], order="id")
        return {
            (
                purchase.company_id.id,
                purchase.channel or "",
                purchase.reference,
            ): purchase
            for purchase in known
        }

    def _write_differences(self, vals):
        """Write what the file says otherwise; an identical line writes nothing."""
        wanted = self.new(vals)
        changed = {
            name: value for name, value in vals.items() if wanted[name] != self[name]
        }
        if changed:
            self.write(changed)

    @api.model
    def load(self, fields, data):
        """Refuse a file before reading it when lines lack what every purchase has, say
        what cannot be true, or when a reference stands on two lines: the second one
        would silently replace the first one."""
        data = self._full_lines(fields, data)
        messages = [
            *self._missing_cells(fields, data),
            *self._wrong_cells(fields, data),
            *self._repeated_references(fields, data),
        ]
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        return super().load(fields, data)

    @api.model
    def _full_lines(self, fields, data):
        """The lines with a cell for each column, and numbers as text: Odoo takes the
        number 0 for an empty cell."""
        is_table = isinstance(fields, list | tuple) and isinstance(data, list | tuple)
        if (
            not is_table
            or not all(isinstance(name, str) for name in fields)
            or not all(isinstance(line, list | tuple) for line in data)
        ):
            raise UserError(
                self.env._(
                    "A list of columns, and a list of lines of cells, is needed."
                )
            )
        width = len(fields)
        return [
            [*(_as_text(cell) for cell in line[:width]), *[""] * (width - len(line))]
            for line in data
        ]

    @api.model
    def _columns(self, fields, name):
        """Places of the columns of a field."""
        return [
            place for place, field in enumerate(fields) if field.split("/")[0] == name
        ]

    @api.model
    def _missing_cells(self, fields, data):
        """One message for each line without customer, date or amount. Odoo itself
        would take an amount that is left empty for a purchase of nothing. A file that
        changes known purchases by their ids may leave columns out."""
        by_id = {"id", ".id"} & set(fields)
        for name in ("partner_id", "date", "amount"):
            columns = self._columns(fields, name)
            if by_id and not columns:
                continue
            for row, line in enumerate(data):
                if not any(line[column] for column in columns) and any(line):
                    label = self._fields[name]._description_string(self.env)
                    yield self._line_message(
                        row, name, self.env._("%s is missing on this line.", label)
                    )

    @api.model
    def _wrong_cells(self, fields, data):
        """One message for each cell that cannot be the day, the amount, the margin or
        the number of a purchase."""
        names = ("partner_id", "date", "amount", "margin", "reference", "channel")
        for name in (*names, "currency_id", "company_id"):
            for column in self._columns(fields, name):
                for row, line in enumerate(data):
                    sentence = line[column] and self._cell_sentence(name, line[column])
                    if sentence:
                        message = self.env._(
                            "Line %(line)s: %(sentence)s",
                            line=row + 1,
                            sentence=sentence,
                        )
                        yield self._line_message(row, name, message)

    @api.model
    def _cell_sentence(self, name, cell):
        """Why the cell of a file is no value of a field, ``None`` where it is one."""
        field = self._fields[name]
        if field.type == "many2one":  # a file has the name of a record
            return self._text_sentence(field, cell)
        sentence = self._value_sentence(name, cell)
        if name == "date" and not sentence:
            return self._date_sentence(fields.Date.to_date(cell))
        return sentence

    @api.model
    def _repeated_references(self, fields, data):
        """One message for each line whose reference stood on a line before."""
        if "reference" not in fields:
            return
        key_columns = [
            fields.index(name)
            for name in ("reference", "channel", "company_id", "company_id/.id")
            if name in fields
        ]
        first_rows = {}
        for row, line in enumerate(data):
            key = tuple(str(line[column]) for column in key_columns)
            if not key[0]:
                continue
            first = first_rows.setdefault(key, row)
            if first != row:
                message = self.env._(
                    "Reference %(reference)s stands on line %(first)s already. Add up "
                    "the lines of one purchase before importing them.",
                    reference=key[0],
                    first=first + 1,
                )
                yield self._line_message(row, "reference", message)

    @api.model
    def _line_message(self, row, field, message):
        """A message of Odoo's import screen about one line of the file."""
        return {
            "type": "error",
            "message": message,
            "record": row,
            "rows": {"from": row, "to": row},
            "field": field,
        }


_CONVERT_AGAIN = """
    UPDATE customer_purchase i
       SET company_amount = round(i.amount * n.factor, n.digits),
           company_margin = round(i.margin * n.factor, n.digits)
      FROM (SELECT i.id, %(digits)s AS digits,
                   COALESCE(NULLIF(%(factor)s, 'NaN'), 0)::numeric AS factor
              FROM customer_purchase i
              JOIN res_company company ON company.id = i.company_id
              JOIN res_currency u ON u.id = company.currency_id
             WHERE i.currency_id <> company.currency_id
               AND EXISTS (
                   SELECT FROM classification_rate_change c
                    WHERE c.id = ANY(%(changes)s)
                      AND c.currency_id IN (i.currency_id, company.currency_id)
                      AND (c.company_id IS NULL OR c.company_id = %(root)s)
                      AND i.date >= COALESCE(c.first_day, '-infinity')
                      AND i.date <= COALESCE(c.last_day, 'infinity'))) n
     WHERE n.id = i.id
"""


def _as_text(cell):
    """A cell as it would stand in a file of text."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return shown(cell)
    return "" if is_empty(cell) else cell
