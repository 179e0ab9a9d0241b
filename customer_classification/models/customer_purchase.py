import math

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date

from .customer_profile import MONEY_GROUP


class CustomerPurchase(models.Model):
    """A purchase that Odoo itself has no document of: from the web shop, from the
    till, or from the system used before. Imported with Odoo's own import screen."""

    _name = "customer.purchase"
    _inherit = "classification.document.mixin"
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
        help="At the rate of the day of the purchase.",
    )
    company_margin = fields.Float(
        string="Margin in Company Currency",
        digits=(16, 2),
        compute="_compute_company_amount",
        store=True,
        groups=MONEY_GROUP,
    )

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

    @api.depends("amount", "margin", "currency_id", "date", "company_id")
    def _compute_company_amount(self):
        """Convert at each purchase's own day: one query for all rates needed."""
        rates = self._company_rates()
        for purchase in self:
            rate = rates.get((purchase.company_id, purchase.currency_id, purchase.date))
            currency = purchase.company_id.currency_id
            purchase.company_amount = currency.round(purchase.amount * (rate or 1))
            purchase.company_margin = currency.round(purchase.margin * (rate or 1))

    def _company_rates(self):
        """Return ``{(company, currency, day): factor}`` to the company's currency.

        As Odoo converts: the last rate up to the day, else the first one after it,
        else 1.
        """
        foreign = {
            (p.company_id, p.currency_id, p.date)
            for p in self
            if p.currency_id != p.company_id.currency_id and p.date
        }
        if not foreign:
            return {}
        keys = sorted(foreign, key=lambda key: (key[0].id, key[1].id, key[2]))
        self.env["res.currency.rate"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(own)s / NULLIF(%(other)s, 0)
                  FROM unnest(%(companies)s, %(own_currencies)s, %(currencies)s,
                              %(days)s::date[])
                       WITH ORDINALITY
                       AS need(company, own_currency, currency, day, position)
                 ORDER BY position
                """,
                own=self._rate_sql("own_currency"),
                other=self._rate_sql("currency"),
                companies=[company.root_id.id for company, __, __ in keys],
                own_currencies=[company.currency_id.id for company, __, __ in keys],
                currencies=[currency.id for __, currency, __ in keys],
                days=[day for __, __, day in keys],
            )
        )
        factors = [float(factor or 1) for (factor,) in rows]
        return dict(zip(keys, factors, strict=True))

    @api.model
    def _rate_sql(self, currency):
        """SQL of a currency's rate on ``need.day`` for ``need.company``."""
        return SQL(
            """
            COALESCE(
                (SELECT r.rate FROM res_currency_rate r
                  WHERE r.currency_id = %(currency)s AND r.name <= need.day
                    AND (r.company_id IS NULL OR r.company_id = need.company)
                  ORDER BY r.company_id, r.name DESC LIMIT 1),
                (SELECT r.rate FROM res_currency_rate r
                  WHERE r.currency_id = %(currency)s
                    AND (r.company_id IS NULL OR r.company_id = need.company)
                  ORDER BY r.company_id, r.name LIMIT 1),
                1)
            """,
            currency=SQL.identifier("need", currency),
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
        self._check_numbers(vals_list)
        for vals in vals_list:
            if vals.get("margin") is not None and "has_margin" not in vals:
                vals["has_margin"] = vals["margin"] is not False
        if not self.env.context.get("import_file"):
            return super().create(vals_list)
        return self._create_or_update(vals_list)

    def write(self, vals):
        self._check_numbers([vals])
        return super().write(vals)

    @api.model
    def _check_numbers(self, vals_list):
        """Refuse what computers call a number and nobody can pay."""
        for vals in vals_list:
            for name in ("amount", "margin"):
                if not math.isfinite(vals.get(name) or 0):
                    label = self._fields[name]._description_string(self.env)
                    raise ValidationError(
                        self.env._(
                            "%(field)s of purchase %(reference)s is not a number.",
                            field=label,
                            reference=vals.get("reference") or "",
                        )
                    )

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
        """Refuse a file before reading it when lines lack what every purchase has, or
        when a reference stands on two lines: the second one would silently replace
        the first one."""
        messages = [
            *self._missing_cells(fields, data),
            *self._repeated_references(fields, data),
        ]
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        return super().load(fields, data)

    @api.model
    def _missing_cells(self, fields, data):
        """One message for each line without customer, date or amount. Odoo itself
        would take an amount that is left empty for a purchase of nothing. A file that
        changes known purchases by their ids may leave columns out."""
        by_id = {"id", ".id"} & set(fields)
        for name in ("partner_id", "date", "amount"):
            columns = [
                place
                for place, field in enumerate(fields)
                if field.split("/")[0] == name
            ]
            if by_id and not columns:
                continue
            for row, line in enumerate(data):
                if not any(line[column] for column in columns) and any(line):
                    label = self._fields[name]._description_string(self.env)
                    yield self._line_message(
                        row, name, self.env._("%s is missing on this line.", label)
                    )

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
            key = tuple(line[column] for column in key_columns)
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
