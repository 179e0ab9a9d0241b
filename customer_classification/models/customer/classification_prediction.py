from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..common.arguments import as_number

LEAST_HORIZON, MOST_HORIZON = 30, 365
LONGEST_NAME = 64
# Days after its own within which a prediction is to be written: one that comes later
# may know what happened.
PROMPT_DAYS = 2
# Days for which a prediction of a customer counts as that of today.
FRESH_DAYS = 31
# Days by which a judged prediction may be older than one horizon.
JUDGED_DAYS = 31
# Days after which predictions are of no use any more.
KEPT_DAYS = 2 * MOST_HORIZON + JUDGED_DAYS


class ClassificationPrediction(models.Model):
    """A probability of a purchase that a company's own model gives, by API.

    The weekly run judges it by the rules that our own predictions have to keep: of all
    customers who had bought by a day, compared with what has happened since. It is
    shown where it is proved and, if ours is proved, too, where it is the better one.

    A row is never changed, and counts in the judgement only if it was written on its
    day: a prediction that comes later may know the outcome.
    """

    _name = "classification.prediction"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Prediction of a Company's Own Model"
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _check_company_auto = True
    _fixed_fields = frozenset(
        {"partner_id", "company_id", "name", "horizon_days", "date", "score"}
    )

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    name = fields.Char(
        string="Model", required=True, help="Name of the model, as the page tells it."
    )
    date = fields.Date(
        string="As Of",
        required=True,
        default=fields.Date.context_today,
        help="Day on which it was predicted, with what was known then.",
    )
    horizon_days = fields.Integer(
        string="Days Ahead",
        required=True,
        aggregator=None,
        help="Only predictions that look as many days ahead as the rules of the "
        "company count.",
    )
    score = fields.Float(
        string="Probability",
        required=True,
        digits=(7, 6),
        aggregator=None,
        help="Of a purchase within these days, from 0 to 1.",
    )

    _once = models.Constraint(
        "UNIQUE(partner_id, company_id, name, horizon_days, date)",
        "This model has predicted for this customer on this day already.",
    )
    _day_index = models.Index("(company_id, horizon_days, date)")

    @api.model_create_multi
    def create(self, vals_list):
        """Check the numbers as they come: the database would round or refuse them."""
        for vals in vals_list:
            for name, (low, high) in _bounds().items():
                if name in vals:
                    label = self._field_label(name)["field"]
                    as_number(self.env, vals[name], low, high, label)
        return super().create(vals_list)

    @api.constrains("score", "horizon_days", "name", "date", "company_id")
    def _check_prediction(self):
        for one in self:
            for name, (low, high) in _bounds().items():
                label = self._field_label(name)["field"]
                as_number(self.env, one[name], low, high, label)
            if not one.name.strip() or len(one.name) > LONGEST_NAME:
                raise ValidationError(
                    self.env._(
                        "Model: a name of at most %s letters is needed.", LONGEST_NAME
                    )
                )
            if one.date > one._today():
                raise ValidationError(
                    self.env._("A prediction is made today or was made before.")
                )

    def _today(self):
        policy = self.company_id.sudo()._get_customer_policy()
        return policy._today() if policy else fields.Date.context_today(self)

    # What runs read

    @api.model
    def _judged(self, company, horizon, as_of):
        """Return ``(name, day)`` of the predictions to judge, or None: one query.

        Those of the last day of which the horizon is over, of the model with most.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.name, c.date FROM classification_prediction c
                 WHERE c.company_id = %s AND c.horizon_days = %s
                   AND c.date BETWEEN %s AND %s AND %s
                 GROUP BY c.name, c.date
                 ORDER BY c.date DESC, count(*) DESC, c.name LIMIT 1
                """,
                company.id,
                horizon,
                as_of - timedelta(horizon + JUDGED_DAYS),
                as_of - timedelta(horizon),
                _PROMPT,
            )
        )
        return rows[0] if rows else None

    @api.model
    def _of_day(self, company, horizon, name, day):
        """Return what a model said on a day, by customer: one query."""
        return self._scores(
            SQL(
                "c.company_id = %s AND c.horizon_days = %s AND c.name = %s"
                " AND c.date = %s AND %s",
                *(company.id, horizon, name, day, _PROMPT),
            )
        )

    @api.model
    def _of_today(self, company, horizon, name, as_of, customer_ids=None):
        """Return the last that a model says, by customer: one query.

        :param customer_ids: the only customers to read, None for all
        """
        self.flush_model()
        some = SQL("TRUE")
        if customer_ids is not None:
            some = SQL("p.commercial_partner_id = ANY(%s)", customer_ids)
        return self._scores(
            SQL(
                "c.company_id = %s AND c.horizon_days = %s AND c.name = %s"
                " AND c.date > %s AND c.date <= %s AND %s",
                *(company.id, horizon, name, as_of - timedelta(FRESH_DAYS), as_of),
                some,
            )
        )

    @api.model
    def _scores(self, condition):
        """Return the last score of each customer; of contacts, the customer's own."""
        import pandas as pd

        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (p.commercial_partner_id)
                       p.commercial_partner_id, c.score
                  FROM classification_prediction c
                  JOIN res_partner p ON p.id = c.partner_id
                 WHERE %s
                 ORDER BY p.commercial_partner_id, c.date DESC,
                       p.id = p.commercial_partner_id DESC, c.id DESC
                """,
                condition,
            )
        )
        index = [partner for partner, __ in rows]
        return pd.Series([float(s) for __, s in rows], index, dtype="float64")

    @api.autovacuum
    def _gc_predictions(self):
        """Delete predictions that no run reads any more."""
        day = fields.Date.today() - timedelta(KEPT_DAYS)
        self.env.cr.execute(
            SQL("DELETE FROM classification_prediction WHERE date < %s", day)
        )
        self.invalidate_model(flush=False)


def _bounds():
    return {"score": (0, 1), "horizon_days": (LEAST_HORIZON, MOST_HORIZON)}


_PROMPT = SQL("c.create_date::date <= c.date + %s", PROMPT_DAYS)
