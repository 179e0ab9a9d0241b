from odoo import api, fields, models
from odoo.tools import SQL

from .customer_data_gap import KINDS


class CustomerDataGapCount(models.Model):
    """Number of customers with a gap in their data on a day: the trend.

    One row a week, company and kind of gap, written by the program.
    """

    _name = "customer.data.gap.count"
    _description = "Gaps in the Data of Customers on a Day"
    _order = "date desc, company_id, kind"
    _rec_name = "kind"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    kind = fields.Selection(KINDS, string="Gap", required=True, readonly=True)
    # A customer may have several gaps: their counts do not add up to customers.
    customer_count = fields.Integer(string="Customers", readonly=True, aggregator=None)
    buyer_count = fields.Integer(string="Of Customers", readonly=True, aggregator=None)
    share = fields.Float(
        string="Share (%)",
        readonly=True,
        digits=(5, 1),
        aggregator="avg",
        help="Of 100 active customers who have bought, those with this gap.",
    )

    _one_a_day = models.Constraint(
        "UNIQUE (company_id, date, kind)", "A gap is counted once a day."
    )

    @api.model
    def _cron_count(self):
        """Count the gaps of today in all companies: two queries."""
        gaps = self.env["customer.data.gap"]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO customer_data_gap_count
                       (company_id, date, kind, customer_count, buyer_count, share,
                        create_uid, create_date, write_uid, write_date)
                SELECT b.company_id, %(today)s, k.kind, COALESCE(g.number, 0), b.number,
                       round(100.0 * COALESCE(g.number, 0) / b.number, 1),
                       %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM (SELECT company_id, count(*) AS number
                          FROM customer_profile
                         WHERE active AND first_purchase_date IS NOT NULL
                         GROUP BY company_id) b
                 CROSS JOIN unnest(%(kinds)s) AS k(kind)
                  LEFT JOIN (SELECT company_id, kind, count(*) AS number
                               FROM (%(gaps)s) gap GROUP BY company_id, kind) g
                    ON g.company_id = b.company_id AND g.kind = k.kind
                    ON CONFLICT (company_id, date, kind) DO UPDATE
                   SET customer_count = excluded.customer_count,
                       buyer_count = excluded.buyer_count, share = excluded.share
                """,
                today=fields.Date.context_today(self),
                user=self.env.uid,
                kinds=[kind for kind, __ in KINDS],
                gaps=gaps._table_query,
            )
        )
        self.invalidate_model()
