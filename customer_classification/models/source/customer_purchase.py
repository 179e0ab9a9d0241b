from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date

from ...copy_frames import TOO_LARGE
from ..common.access_groups import MONEY_GROUP
from ..common.arguments import _shown as shown
from ..common.classification_bounds_mixin import is_empty
from ..common.exchange_rates import (
    ROOT_OF_COMPANY,
    conversion_factor,
    digits_of,
    with_rates,
)
from .classification_source import FIRST_PLAUSIBLE_DAY
from .import_file import imported_file

# Maximum length of a reference and a channel: both are indexed.
LONGEST_TEXT = 256


class CustomerPurchase(models.Model):
    """A purchase without a document in Odoo.

    From the web shop, from the till, or from the system used before. Imported with
    Odoo's own import screen.
    """

    _name = "customer.purchase"
    _inherit = [
        "customer.purchase.import.mixin",
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
        aggregator=None,
    )
    margin = fields.Monetary(
        groups=MONEY_GROUP,
        help="What was earned on it; leave empty where unknown.",
        aggregator=None,
    )
    has_margin = fields.Boolean(string="Margin Known", help="The margin is known.")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    reference = fields.Char(
        help="Number of the order or invoice in its own system. The same number of "
        "the same channel is one purchase, however often it is imported, and what is "
        "given back under it another one."
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
    company_margin = fields.Monetary(
        string="Margin in Company Currency",
        aggregator=None,
        currency_field="company_currency_id",
        compute="_compute_company_amount",
        store=True,
        groups=MONEY_GROUP,
    )

    # Used to find the purchases of days with a changed rate.
    _currency_index = models.Index("(currency_id, date)")
    # Used by the hourly runs over changed records.
    _write_date_index = models.Index("(write_date)")
    _reference_unique = models.UniqueIndex(
        "(company_id, COALESCE(channel, ''), reference, (amount < 0)) "
        "WHERE reference IS NOT NULL",
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
        """Convert each amount at the rate of its purchase day.

        One query for all rates needed. Empty as long as there is no rate.
        """
        rates = self._company_rates()
        for purchase in self:
            own = purchase.company_id.currency_id
            key = (purchase.company_id, purchase.currency_id, purchase.date)
            rate = 1 if purchase.currency_id == own else rates.get(key, 0)
            purchase.company_amount = own.round(purchase.amount * rate)
            purchase.company_margin = own.round(purchase.margin * rate)

    def _company_rates(self):
        """Return ``{(company, currency, day): factor}`` of foreign currencies.

        The factor leads to the company's currency; currencies without a rate are left
        out.

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
        """Convert again the purchases of days with a changed rate.

        One query.

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

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Purchases"),
                "template": "/customer_classification/static/xls/"
                "customer_purchase.xlsx",
            }
        ]

    @api.constrains("date")
    def _check_date(self):
        for purchase in self:
            sentence = self._date_sentence(purchase.date)
            if sentence:
                raise ValidationError(sentence)

    @api.model
    def _date_sentence(self, day):
        """Return why a day cannot be that of a purchase, or None."""
        last = fields.Date.context_today(self) + relativedelta(years=1)
        if not day:
            return None  # Odoo itself checks required fields
        if FIRST_PLAUSIBLE_DAY <= day <= last:
            return None
        return self.env._(
            "%(day)s cannot be the day of a purchase: write one from %(first)s to "
            "%(last)s.",
            day=day.isoformat(),
            first=FIRST_PLAUSIBLE_DAY.isoformat(),
            last=last.isoformat(),
        )

    @api.model_create_multi
    def create(self, vals_list):
        """Update known purchases of a file, and create the others."""
        self._check_all_values(vals_list)
        vals_list = self._completed(vals_list)
        if self.env.context.get("import_file") or imported_file(self.env):
            return self._create_or_update(vals_list)
        return super().create(vals_list)

    @api.model
    def _completed(self, vals_list):
        """Complete the values with those that are implied.

        A given margin is known; without a currency, it is the company's.
        """
        return [
            {**vals, "has_margin": not is_empty(vals["margin"])}
            if vals.get("margin") is not None and "has_margin" not in vals
            else vals
            for vals in self._with_currencies(vals_list)
        ]

    @api.model
    def _with_currencies(self, vals_list):
        """Set the company's currency where none is given."""
        if "default_currency_id" in self.env.context:
            return vals_list
        own = self.env.context.get("default_company_id") or self.env.company.id
        companies = {vals.get("company_id") or own for vals in vals_list}
        found = self.env["res.company"].sudo().browse(companies)
        currencies = {company.id: company.currency_id.id for company in found}
        return [
            {**vals, "currency_id": currencies[vals.get("company_id") or own]}
            if not vals.get("currency_id")
            else vals
            for vals in vals_list
        ]

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
