from odoo import api, fields, models
from odoo.tools import SQL


class CustomerReportSending(models.Model):
    """A scheduled report of a period, to one user: sent, or why not.

    One row a period and user, so that nobody gets a report twice. Written by the
    scheduled action only.
    """

    _name = "customer.report.sending"
    _description = "Sending of a Scheduled Report"
    _order = "period_date desc, id desc"
    _rec_name = "user_id"

    schedule_id = fields.Many2one(
        "customer.report.schedule",
        string="Scheduled Report",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Receiver", required=True, readonly=True, ondelete="cascade"
    )
    period_date = fields.Date(
        string="Period From",
        required=True,
        readonly=True,
        help="The first day of the week or month.",
    )
    sent_date = fields.Datetime(string="Tried On", readonly=True)
    state = fields.Selection(
        [("sent", "Sent"), ("failed", "Failed")], required=True, readonly=True
    )
    reason = fields.Char(string="Why Not", readonly=True)

    _schedule_user_period_unique = models.Constraint(
        "UNIQUE(schedule_id, user_id, period_date)",
        "Nobody gets a report of a period twice.",
    )

    @api.model
    def _claim(self, schedule, user, day):
        """Return the row to send a report by, empty where it was sent.

        One statement: of two that try at once, one gets it. What failed is tried again.
        """
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO customer_report_sending
                       (schedule_id, user_id, period_date, state, sent_date,
                        create_uid, create_date, write_uid, write_date)
                VALUES (%(schedule)s, %(user)s, %(day)s, 'sent', %(now)s,
                        %(uid)s, %(now)s, %(uid)s, %(now)s)
                    ON CONFLICT (schedule_id, user_id, period_date)
                    DO UPDATE SET state = 'sent', reason = NULL,
                                  sent_date = EXCLUDED.sent_date,
                                  write_date = EXCLUDED.write_date
                        WHERE customer_report_sending.state = 'failed'
                RETURNING id
                """,
                schedule=schedule.id,
                user=user.id,
                day=day,
                now=fields.Datetime.now(),
                uid=self.env.uid,
            )
        )
        found = self.browse([id_ for (id_,) in rows])
        found.invalidate_recordset()
        schedule.invalidate_recordset(["sending_ids"])
        return found

    def _note_failure(self, reason):
        """Note why a report was not sent."""
        self.write({"state": "failed", "reason": reason})
