from odoo import api, models
from odoo.tools import SQL

from ..common.profiling import OBJECTING
from ..customer.first_classes import all_changes
from .customer_playbook_opening_mixin import BLACKLISTED


class CustomerPlaybookOutcomeMixin(models.AbstractModel):
    """Outcome of cases: revenue, goal, and the reason of their end.

    The window of a case begins with the day after it was opened, also for who waits
    and for the control group: both sides are measured in the same way, whatever was
    done. A case that ended early is measured until its window is over.

    *Query budget*: a fixed number for a company, and one for each playbook that stops
    with its audience; those of Odoo for activities that are taken back.
    """

    _name = "customer.playbook.outcome.mixin"
    _description = "Outcome of Cases"

    @api.model
    def _follow_up(self, company, today):
        """Measure the cases of a company, and end those that are over."""
        self.env.flush_all()
        self._measure_purchases(company, today)
        self._execute(_CLASS_GOALS, company, today, changes=all_changes(_CHANGES))
        zone = company._get_customer_zone()
        self._execute(_ANSWER_GOALS, company, today, zone=zone)
        self.env.invalidate_all()
        for reason, ids in self._ending(company, today).items():
            self.browse(ids)._close(reason, today)
        self._execute(_MEASURED, company, today)
        self.invalidate_model()

    @api.model
    def _execute(self, statement, company, today, **names):
        self.env.cr.execute(
            SQL(statement, company=company.id, today=today, user=self.env.uid, **names)
        )

    @api.model
    def _measure_purchases(self, company, today):
        """Take revenue and orders in the windows from the documents."""
        policy = company.sudo()._get_customer_policy()
        rows = self.env.execute_query(
            SQL(
                "SELECT array_agg(DISTINCT partner_id), min(open_date)"
                " FROM customer_playbook_case"
                " WHERE company_id = %s AND measured_date IS NULL",
                company.id,
            )
        )
        [(customers, first)] = rows
        if not policy or not customers:
            return
        facts = self.env["classification.facts"].sudo()
        scope = facts._scope(policy, today, customers)
        query = SQL(
            "SELECT p.commercial_partner_id AS partner_id, d.day, d.amount"
            " FROM (%s) d JOIN res_partner p ON p.id = d.partner_id"
            " WHERE d.day > %s AND d.amount <> 'NaN'",
            facts._purchase_query(policy, scope),
            first,
        )
        self.env.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE tmp_playbook_purchase ON COMMIT DROP AS %s",
                scope.with_rates(query),
            )
        )
        self._execute(_PURCHASES, company, today)
        self.env.cr.execute("DROP TABLE tmp_playbook_purchase")

    @api.model
    def _ending(self, company, today):
        """Return ``{reason: ids}`` of open cases that end today."""
        found = {}
        names = {"objecting": OBJECTING, "blacklisted": BLACKLISTED}
        self._execute(_ENDING, company, today, **names)
        for id_, reason in self.env.cr.fetchall():
            found.setdefault(reason, []).append(id_)
        gone = {id_ for ids in found.values() for id_ in ids}
        left = [id_ for id_ in self._who_left(company) if id_ not in gone]
        return {**found, "left": left} if left else found

    @api.model
    def _who_left(self, company):
        """Return the ids of open cases whose customers are not meant any more."""
        playbooks = self.env["customer.playbook"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "running"),
                ("stops_on_leaving", "=", True),
                ("error_reason", "=", False),
            ]
        )
        return [id_ for one in playbooks for id_ in one._leaving_cases()]

    def _close(self, reason, today):
        """End cases, and take back what was still to do for them.

        :param reason: ``goal``, or one of the reasons to stop
        """
        status = SQL(
            "CASE WHEN %(reason)s = 'goal' THEN 'reached'"
            " WHEN %(reason)s = 'window' AND (is_control OR start_date IS NOT NULL)"
            " THEN 'missed' ELSE 'stopped' END",
            reason=reason,
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_playbook_case
                   SET status = %(status)s, stop_reason = %(reason)s, episode = id,
                       close_date = %(today)s, wait_reason = NULL, waiting_since = NULL
                 WHERE id = ANY(%(ids)s) AND episode = 0
                """,
                status=status,
                reason=reason,
                today=today,
                ids=self.ids,
            )
        )
        self.env["customer.playbook.task"]._take_back(self.ids)
        self.invalidate_model()


_CHANGES = (
    *("partner_id", "company_id", "axis", "valid_date", "is_correction"),
    *("to_tier_id", "to_stage_id", "to_risk"),
)

# Zero where the purchases are gone, because a document was cancelled.
_PURCHASES = """
    UPDATE customer_playbook_case c
       SET revenue = b.revenue,
           goal_date = CASE WHEN b.goal_kind = 'order'
                            THEN COALESCE(c.goal_date, b.first) ELSE c.goal_date END
      FROM (SELECT c.id, k.goal_kind, COALESCE(sum(t.amount), 0) AS revenue,
                   min(t.day) FILTER (WHERE t.amount > 0) AS first
              FROM customer_playbook_case c
              JOIN customer_playbook k ON k.id = c.playbook_id
              LEFT JOIN tmp_playbook_purchase t
                ON t.partner_id = c.partner_id AND t.day > c.open_date
               AND t.day <= LEAST(c.window_end, %(today)s)
             WHERE c.company_id = %(company)s AND c.measured_date IS NULL
             GROUP BY c.id, k.goal_kind) b
     WHERE c.id = b.id
       AND (c.revenue IS DISTINCT FROM b.revenue
            OR c.goal_date IS NULL AND b.goal_kind = 'order' AND b.first IS NOT NULL)
"""

_CLASS_GOALS = """
    UPDATE customer_playbook_case c
       SET goal_date = b.first
      FROM (SELECT c.id, min(h.valid_date) AS first
              FROM customer_playbook_case c
              JOIN customer_playbook k ON k.id = c.playbook_id
              LEFT JOIN customer_value_tier then_tier ON then_tier.id = c.value_tier_id
              JOIN (%(changes)s) h ON h.partner_id = c.partner_id
               AND h.company_id = c.company_id AND h.is_correction IS NOT TRUE
               AND h.valid_date > c.open_date AND h.valid_date <= c.window_end
              LEFT JOIN customer_value_tier t ON t.id = h.to_tier_id
             WHERE c.company_id = %(company)s AND c.measured_date IS NULL
               AND c.goal_date IS NULL AND CASE k.goal_kind
                   WHEN 'tier' THEN h.axis = 'value_tier' AND EXISTS (
                       SELECT FROM customer_playbook_goal_tier_rel g
                        WHERE g.playbook_id = k.id AND g.tier_id = h.to_tier_id)
                   WHEN 'tier_up' THEN h.axis = 'value_tier'
                       AND t.is_unrated IS NOT TRUE
                       AND (then_tier.id IS NULL OR then_tier.is_unrated
                            OR (t.sequence, t.id)
                               < (then_tier.sequence, then_tier.id))
                   WHEN 'stage' THEN h.axis = 'lifecycle_stage' AND EXISTS (
                       SELECT FROM customer_playbook_goal_stage_rel g
                        WHERE g.playbook_id = k.id AND g.stage_id = h.to_stage_id)
                   WHEN 'risk' THEN h.axis = 'churn_risk' AND h.to_risk = k.goal_risk
                   ELSE FALSE END
             GROUP BY c.id) b
     WHERE c.id = b.id
"""

# A person noted an answer, or somebody of the customer's sent an e-mail: by the days
# of the rules, as cases are opened.
_ANSWER_GOALS = """
    UPDATE customer_playbook_case c
       SET goal_date = b.first
      FROM (SELECT c.id, LEAST(c.answered_date, min(m.day)) AS first
              FROM customer_playbook_case c
              JOIN customer_playbook k ON k.id = c.playbook_id
              LEFT JOIN LATERAL (
                   SELECT (e.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                     FROM res_partner a
                     JOIN mail_message e ON e.author_id = a.id
                    WHERE a.commercial_partner_id = c.partner_id
                      AND e.message_type = 'email' AND e.date >= c.open_date) m
                ON m.day > c.open_date
             WHERE c.company_id = %(company)s AND c.measured_date IS NULL
               AND c.goal_date IS NULL AND k.goal_kind = 'answer'
             GROUP BY c.id, c.answered_date, c.window_end
            HAVING LEAST(c.answered_date, min(m.day)) <= c.window_end) b
     WHERE c.id = b.id
"""

_ENDING = """
    SELECT id, reason
      FROM (SELECT c.id, CASE WHEN c.goal_date IS NOT NULL THEN 'goal'
                              WHEN p.id IN %(objecting)s THEN 'objects'
                              WHEN p.active IS NOT TRUE THEN 'archived'
                              WHEN %(blacklisted)s THEN 'blacklisted'
                              WHEN c.window_end < %(today)s THEN 'window' END AS reason
              FROM customer_playbook_case c
              JOIN res_partner p ON p.id = c.partner_id
             WHERE c.company_id = %(company)s AND c.episode = 0) e
     WHERE reason IS NOT NULL ORDER BY id
"""

_MEASURED = """
    UPDATE customer_playbook_case SET measured_date = %(today)s
     WHERE company_id = %(company)s AND measured_date IS NULL
       AND window_end < %(today)s
"""
