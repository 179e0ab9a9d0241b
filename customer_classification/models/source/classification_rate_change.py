from odoo import api, fields, models
from odoo.tools import SQL


class ClassificationRateChange(models.Model):
    """Days on which a currency has another rate than before.

    A rate that is entered, changed or deleted holds until the next one, the first one
    also for all days before. The documents of these days are worth another amount in
    the company's currency, though nobody wrote them: the next run over changed
    customers looks them up here.
    """

    _name = "classification.rate.change"
    _description = "Changed Exchange Rate"
    _log_access = False

    currency_id = fields.Many2one(
        "res.currency", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="cascade",
        readonly=True,
        help="The main company whose rate it is; empty for a rate of all companies.",
    )
    first_day = fields.Date(readonly=True, help="Empty for all days before.")
    last_day = fields.Date(readonly=True, help="Empty for all days after.")
    # As the write date of a document: the start of its transaction.
    recorded_at = fields.Datetime(required=True, readonly=True, index=True)

    @api.model
    def _record(self, rates):
        """Record the days for which rates hold in their current state.

        One query, and one to flush what it reads.
        """
        if not rates:
            return self.browse()
        rates.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO classification_rate_change
                       (currency_id, company_id, first_day, last_day, recorded_at)
                SELECT r.currency_id, r.company_id,
                       CASE WHEN r.place > 1 THEN r.name END, r.next_day - 1,
                       now() AT TIME ZONE 'UTC'
                  FROM (SELECT id, currency_id, company_id, name,
                               row_number() OVER series AS place,
                               lead(name) OVER series AS next_day
                          FROM res_currency_rate
                         WHERE currency_id = ANY(%s)
                        WINDOW series AS (PARTITION BY currency_id, company_id
                                          ORDER BY name)) r
                 WHERE r.id = ANY(%s)
             RETURNING id
                """,
                rates.currency_id.ids,
                rates.ids,
            )
        )
        return self.browse(row[0] for row in rows)

    def _follow(self):
        """Update amounts in company currency to the rates of these days."""
        if self:
            self.env["customer.purchase"]._follow_rates(self)

    @api.autovacuum
    def _gc_known(self):
        """Delete the changes that the last runs of every company have seen.

        Of each kind that looks for changes.
        """
        self.env.cr.execute(
            """
            DELETE FROM classification_rate_change
             WHERE recorded_at < (
                   SELECT min(last.watermark)
                     FROM (SELECT max(r.watermark) AS watermark
                             FROM classification_run r
                            WHERE r.scope <> 'some' AND r.watermark IS NOT NULL
                              AND r.company_id IS NOT NULL
                            GROUP BY r.company_id, r.kind) last)
            """
        )
