from odoo import api, fields, models
from odoo.tools import SQL

from ..common.classification_condition_mixin import NOT_OURS, Condition
from ..common.classification_reason_mixin import failure_reason
from ..common.profiling import NOT_OBJECTING, OBJECTING
from ..customer.first_classes import all_changes

# {axis: (column of profiles, column of changes without its "from_" or "to_")}
COLUMNS = {
    "value_tier": ("value_tier_id", "tier_id"),
    "lifecycle_stage": ("lifecycle_stage_id", "stage_id"),
    "churn_risk": ("churn_risk", "risk"),
    "segment": ("segment_id", None),
}
EVERYBODY = SQL("TRUE")
# What is heard of customers, and recommendations: looked at each night.
HEARD_AXES = ("complaint", "answer", "silence", "referred", "referrer")
# Days of a task after the beginning of its case: lines of plans have their own.
DELAY = SQL(
    "GREATEST(0, COALESCE(s.delay_days, 0) + COALESCE(l.delay_count * CASE l.delay_unit"
    " WHEN 'months' THEN 30 WHEN 'weeks' THEN 7 ELSE 1 END"
    " * CASE l.delay_from WHEN 'before_plan_date' THEN -1 ELSE 1 END, 0))"
)
BLACKLISTED = SQL(
    "EXISTS (SELECT FROM mail_blacklist b WHERE b.active IS TRUE"
    " AND b.email = p.email_normalized)"
)


class CustomerPlaybookOpeningMixin(models.AbstractModel):
    """The audience of a playbook, and the cases that it opens.

    Each way in is a select of customers with the day on which they entered; one
    statement makes cases and tasks of them, whatever their number. A customer with an
    open case gets no second one.
    """

    _name = "customer.playbook.opening.mixin"
    _description = "Opening of Cases"

    # Audience, as SQL on a contact p and its profile f

    def _in_class(self):
        """Return SQL of who is in the class now."""
        if self.axis == "tag":
            return SQL(
                "EXISTS (SELECT FROM res_partner_res_partner_category_rel r"
                " WHERE r.partner_id = p.id AND r.category_id = %s)",
                self.tag_id.id,
            )
        if self.axis in HEARD_AXES:
            return SQL("p.id IN (SELECT partner_id FROM (%s) heard)", self._heard())
        column, __ = COLUMNS[self.axis]
        return SQL("f.%s = ANY(%s)", SQL.identifier(column), self._targets())

    def _targets(self):
        """Return the classes that one has to enter, as the database has them."""
        return self._classes("")

    def _origins(self):
        """Return the classes from which one has to come, empty for any."""
        return self._classes("from_")

    def _classes(self, prefix):
        if self.axis == "value_tier":
            return self[f"{prefix}tier_ids"].ids
        if self.axis == "lifecycle_stage":
            return self[f"{prefix}stage_ids"].ids
        if self.axis == "segment":
            return [] if prefix else self.segment_ids.ids
        risk = self.axis == "churn_risk" and self[f"{prefix}risk"]
        return [risk] if risk else []

    def _since(self):
        """Return SQL of the day since which a customer has been in the class."""
        if self.axis == "tag":
            return SQL(
                "COALESCE((SELECT (max(l.write_date) AT TIME ZONE 'UTC'"
                " AT TIME ZONE %s)::date FROM classification_tag_link l"
                " WHERE l.partner_id = p.id AND l.partner_tag_id = %s"
                " AND l.state = 'present'), %s)",
                self._zone(),
                self.tag_id.id,
                self._today(),
            )
        if self.axis in HEARD_AXES:
            return SQL("heard.day")
        if self.axis == "segment":  # segments have no history
            return SQL("%s::date", self._today())
        column = COLUMNS[self.axis][1]
        names = (
            *("partner_id", "company_id", "axis", "valid_date"),
            *(f"from_{column}", f"to_{column}"),
        )
        return SQL(
            """
            (SELECT max(h.valid_date) FROM (%(changes)s) h
              WHERE h.company_id = %(company)s AND h.partner_id = p.id
                AND h.axis = %(axis)s AND h.%(to)s = ANY(%(targets)s)
                AND (h.%(from)s = ANY(%(targets)s)) IS NOT TRUE)
            """,
            changes=all_changes(names),
            company=self.company_id.id,
            axis=self.axis,
            to=SQL.identifier(f"to_{column}"),
            targets=self._targets(),
            **{"from": SQL.identifier(f"from_{column}")},
        )

    def _condition(self, person=None):
        """Return the :class:`Condition` as a person, by default as superuser."""
        self.ensure_one()
        person = self._condition_root if person is None else person
        records = self._condition_eyes(
            "res.partner", self.company_id, self.name, person
        )
        return Condition(records, self.domain, self.name, NOT_OBJECTING)

    def _matching(self):
        """Return SQL of who meets the condition, with the responsible's rights.

        Everybody whom that person may read, where there is no condition.

        :raises UserError: it cannot be used
        """
        return SQL("p.id IN %s", self._condition(self.responsible_id).ids())

    # Ways in: selects of (partner_id, day)

    def _entrants_of_events(self, events):
        """Return SQL of who entered by changes that are passed on now."""
        if self.axis == "tag":
            return SQL(
                """
                SELECT p.id, %(today)s::date
                  FROM classification_event e JOIN res_partner p ON p.id = e.partner_id
                 WHERE e.id = ANY(%(events)s) AND e.tags->'added' @> %(tag)s::jsonb
                   AND %(in_class)s
                """,
                today=self._today(),
                events=events.ids,
                tag=str(self.tag_id.id),
                in_class=self._in_class(),
            )
        column, __ = COLUMNS[self.axis]
        return SQL(
            """
            SELECT p.id, r.as_of_date
              FROM classification_event e
              JOIN classification_run r ON r.id = e.run_id
              JOIN res_partner p ON p.id = e.partner_id
              JOIN customer_profile f ON f.partner_id = p.id
               AND f.company_id = %(company)s
             WHERE e.id = ANY(%(events)s) AND e.company_id = %(company)s
               AND jsonb_exists(e.classes_before, %(column)s) AND %(in_class)s
               AND (e.classes_before->>%(column)s = ANY(%(targets)s)) IS NOT TRUE
               AND (%(any)s OR e.classes_before->>%(column)s = ANY(%(origins)s))
               AND (%(decisions)s OR NOT EXISTS (
                    SELECT FROM classification_change c
                     WHERE c.cause = 'person' AND %(of_event)s))
            """,
            company=self.company_id.id,
            events=events.ids,
            column=column,
            in_class=self._in_class(),
            targets=[str(one) for one in self._targets()],
            any=not self._origins(),
            origins=[str(one) for one in self._origins()],
            decisions=self.opens_by_decision,
            of_event=self._of_event(),
        )

    def _of_event(self):
        """Return SQL of whether a change c is one of the event e.

        A segment follows from any class: it has no changes of its own.
        """
        if self.axis == "segment":
            return SQL("c.partner_id = e.partner_id AND c.run_id = e.run_id")
        return SQL(
            "c.axis = %s AND c.id IN (SELECT one::int FROM"
            " jsonb_array_elements_text(e.change_ids) one)",
            self.axis,
        )

    def _audience(self, day, condition=EVERYBODY):
        """Return SQL of who is in the class now.

        :param day: SQL of the day from which on the case counts
        """
        if self.axis in HEARD_AXES:
            heard = SQL("JOIN (%s) heard ON heard.partner_id = p.id", self._heard())
            in_class = EVERYBODY
        else:
            heard, in_class = SQL(), self._in_class()
        return SQL(
            """
            SELECT p.id, %(day)s
              FROM res_partner p %(heard)s
              LEFT JOIN customer_profile f ON f.partner_id = p.id
               AND f.company_id = %(company)s
             WHERE p.commercial_partner_id = p.id AND p.active
               AND %(in_class)s AND %(condition)s
            """,
            day=day,
            heard=heard,
            company=self.company_id.id,
            in_class=in_class,
            condition=condition,
        )

    # What is heard, as SQL of (partner_id, day): customers, and since when

    def _heard(self):
        """Return SQL of who is in the class by what was heard, and since when."""
        return getattr(self, f"_heard_{self.axis}")()

    def _heard_complaint(self):
        """Return SQL of whose last complaint was solved, and when.

        Days are those of the rules, as today is.
        """
        return SQL(
            """
            SELECT k.partner_id,
                   (max(COALESCE(k.solved_date, k.closed_date))
                    AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
              FROM customer_complaint k
             WHERE k.company_id = %(company)s AND k.state IN ('solved', 'closed')
               AND COALESCE(k.solved_date, k.closed_date) IS NOT NULL
             GROUP BY k.partner_id
            """,
            zone=self._zone(),
            company=self.company_id.id,
        )

    def _heard_answer(self):
        """Return SQL of whose last answer is bad, and its day.

        The worst one of its day counts.
        """
        source = self.env["classification.feedback.source"].sudo()
        rows = SQL(" UNION ALL ").join(source._queries(fields.Datetime.now()))
        return SQL(
            """
            SELECT partner_id, day
              FROM (SELECT DISTINCT ON (c.commercial_partner_id)
                           c.commercial_partner_id AS partner_id, v.day, v.score
                      FROM (%(rows)s) v
                      JOIN res_partner c ON c.id = v.partner_id
                     WHERE (v.company_id = %(company)s OR v.company_id IS NULL)
                       AND v.score IS NOT NULL AND v.kind <> 'complaint'
                       AND v.day <= %(today)s AND %(counts)s
                     ORDER BY c.commercial_partner_id, v.day DESC, v.score) last
             WHERE score < %(limit)s
            """,
            rows=rows,
            company=self.company_id.id,
            today=self._today(),
            limit=self.score_below,
            counts=source._counts(SQL("v.partner_id")),
        )

    def _heard_silence(self):
        """Return SQL of who is silent, and the day on which it began to count.

        Counted from the last interaction or purchase, as the churn signal is.
        """
        source = self.env["classification.interaction.source"].sudo()
        return SQL(
            """
            SELECT partner_id, day
              FROM (SELECT last.partner_id,
                           GREATEST(last.day, g.last_purchase_date) + ceil(round(
                               (%(ratio)s * g.expected_gap_days)::numeric, 6)
                           )::integer AS day
                      FROM (SELECT c.commercial_partner_id AS partner_id,
                                   max(v.day) AS day
                              FROM (%(rows)s) v
                              JOIN res_partner c ON c.id = v.partner_id
                             WHERE (v.company_id = %(company)s OR v.company_id IS NULL)
                               AND v.day <= %(today)s
                             GROUP BY c.commercial_partner_id) last
                      JOIN customer_profile g ON g.partner_id = last.partner_id
                       AND g.company_id = %(company)s
                     WHERE g.expected_gap_days > 0) silent
             WHERE day <= %(today)s
            """,
            ratio=self.silence_ratio,
            rows=SQL(" UNION ALL ").join(source._queries(self._zone())),
            company=self.company_id.id,
            today=self._today(),
        )

    def _heard_referred(self):
        """Return SQL of customers who were recommended, and their first purchase."""
        return SQL(
            "SELECT brought_id AS partner_id, day FROM (%s) b", self._recommended()
        )

    def _heard_referrer(self):
        """Return SQL of who brought customers, and when the last one bought first."""
        return SQL(
            "SELECT referrer_id AS partner_id, max(day) AS day FROM (%s) b"
            " GROUP BY referrer_id",
            self._recommended(),
        )

    def _recommended(self):
        """Return SQL of ``(brought_id, referrer_id, day of the first purchase)``."""
        return SQL(
            """
            SELECT p.id AS brought_id, r.commercial_partner_id AS referrer_id,
                   f.first_purchase_date AS day
              FROM customer_profile f
              JOIN res_partner p ON p.id = f.partner_id AND p.active
              JOIN res_partner r ON r.id = p.customer_referrer_id
             WHERE f.company_id = %(company)s AND p.commercial_partner_id = p.id
               AND r.commercial_partner_id <> p.id
               AND r.commercial_partner_id NOT IN %(objecting)s
               AND f.first_purchase_date <= %(today)s
            """,
            company=self.company_id.id,
            objecting=OBJECTING,
            today=self._today(),
        )

    def _entrants_by_stay(self, from_start=False):
        """Return SQL of who has been in the class for long enough.

        :param from_start: also who has been for longer when the playbook began
        """
        since = self._since()
        from_day = self.since_date
        if from_start or self.takes_present:
            from_day = SQL("DATE '-infinity'")
        return SQL(
            "SELECT a.id, a.day FROM (%s) a (id, day) WHERE a.day + %s <= %s"
            " AND a.day + %s >= %s",
            self._audience(since),
            self.stay_days,
            self._today(),
            self.stay_days,
            from_day,
        )

    def _entrants_by_hearing(self):
        """Return SQL of who entered by what was heard since the playbook runs."""
        return SQL(
            "SELECT a.id, a.day FROM (%s) a (id, day) WHERE a.day >= %s",
            self._audience(self._since()),
            self.since_date,
        )

    def _entrants_again(self):
        """Return SQL of who is due for the next round."""
        last = SQL(
            "(SELECT max(k.open_date) FROM customer_playbook_case k"
            " WHERE k.playbook_id = %s AND k.partner_id = p.id)",
            self.id,
        )
        return self._audience(
            SQL("%s::date", self._today()),
            SQL("%s + %s <= %s", last, self.repeat_days, self._today()),
        )

    # Opening

    def _open_for_events(self, events):
        """Open cases for changes that are passed on: one statement each.

        And those of the condition.
        """
        for playbook in self:
            playbook._open_or_rest(lambda one: one._entrants_of_events(events))

    def _open_by_time(self):
        """Open cases of who stayed, or is due again."""
        for playbook in self:
            if playbook.trigger == "stays":
                playbook._open_or_rest(lambda one: one._entrants_by_stay())
            elif playbook.axis in HEARD_AXES:
                playbook._open_or_rest(lambda one: one._entrants_by_hearing())
            if playbook.repeat_days and not playbook.error_reason:
                playbook._open_or_rest(
                    lambda one: one._entrants_again(), is_repeated=True
                )

    def _open_or_rest(self, entrants, is_repeated=False):
        """Open cases; a playbook that cannot is kept with its reason."""
        words = self._in_words()
        try:
            with self.env.cr.savepoint():
                count = words._open_cases(entrants(words), is_repeated)
        except NOT_OURS:
            raise
        except Exception as error:
            self._rest(failure_reason(error))
        else:
            self._rest(False)
            return count
        return 0

    def _rest(self, reason):
        for playbook in self:
            if playbook.error_reason != reason:
                playbook.error_reason = reason

    def _open_cases(self, entrants, is_repeated=False):
        """Open a case for each entrant who may have one: one statement.

        And those of the condition.

        :param entrants: SQL of ``(partner_id, day on which the class was entered)``
        :return: number of new cases
        """
        self.env.flush_all()
        again = SQL("TRUE") if is_repeated else self._again()
        [(count,)] = self.env.execute_query(
            SQL(
                _OPEN,
                entrants=entrants,
                matching=self._matching(),
                again=again,
                **self._names(),
            )
        )
        self.env["customer.playbook.case"].invalidate_model()
        self.env["customer.playbook.task"].invalidate_model()
        return count

    def _again(self):
        """Return SQL of whether a former customer of the playbook may return."""
        if not self.may_reenter:
            return SQL("FALSE")
        return SQL(
            "last.close_date + %s <= %s AND e.entered > last.entered_date",
            self.cooldown_days,
            self._today(),
        )

    def _names(self):
        """Return the values in the statements about entrants."""
        company = self.company_id
        return {
            "playbook": self.id,
            "company": company.id,
            "owners": company.sudo().parent_ids.ids,
            "objecting": OBJECTING,
            "blacklisted": BLACKLISTED,
            "salt": f"playbook:{self.id}",
            "share": self.control_share / 100,
            "today": fields.Date.to_string(self._today()),
            "window": self.goal_days,
            "user": self.env.uid,
            "delay": DELAY,
        }

    @api.model
    def _meant(self, **names):
        """Return SQL of the entrants who would get a case."""
        return SQL(_MEANT, **names)


_MEANT = """
    SELECT p.id, e.entered, p.user_id, f.value_tier_id, f.lifecycle_stage_id,
           f.churn_risk, last.is_control,
           COALESCE(f.revenue_at_risk, f.expected_revenue, f.revenue, 0) AS value
      FROM (SELECT p.commercial_partner_id AS id, min(n.entered) AS entered
              FROM (%(entrants)s) n (id, entered)
              JOIN res_partner p ON p.id = n.id
             WHERE p.commercial_partner_id IS NOT NULL
             GROUP BY p.commercial_partner_id) e
      JOIN res_partner p ON p.id = e.id AND p.active
      LEFT JOIN customer_profile f
        ON f.partner_id = p.id AND f.company_id = %(company)s
      LEFT JOIN LATERAL (
           SELECT k.episode, k.is_control, k.close_date, k.entered_date
             FROM customer_playbook_case k
            WHERE k.playbook_id = %(playbook)s AND k.partner_id = p.id
            ORDER BY k.episode = 0 DESC, k.id DESC LIMIT 1) last ON TRUE
     WHERE (p.company_id IS NULL OR p.company_id = ANY(%(owners)s))
       AND p.id NOT IN %(objecting)s AND NOT %(blacklisted)s AND %(matching)s
       AND (last.episode IS NULL
            OR last.episode = 0 AND e.entered > last.entered_date
            OR last.episode > 0 AND %(again)s)
"""

# In each tier as many newcomers are left out as are missing to the share, by the order
# of their hashes; who came before stays on the side where chance put him.
_OPEN = (
    "WITH meant AS MATERIALIZED ("
    + _MEANT
    + """
    ), known AS (
        SELECT COALESCE(value_tier_id, 0) AS tier, count(DISTINCT partner_id) AS count,
               count(DISTINCT partner_id) FILTER (WHERE is_control) AS held
          FROM customer_playbook_case WHERE playbook_id = %(playbook)s
         GROUP BY COALESCE(value_tier_id, 0)
    ), tier AS (
        SELECT n.tier, round((n.count + COALESCE(k.count, 0)) * %(share)s::numeric)
                       - COALESCE(k.held, 0) AS missing
          FROM (SELECT COALESCE(value_tier_id, 0) AS tier, count(*) AS count
                  FROM meant WHERE is_control IS NULL
                 GROUP BY COALESCE(value_tier_id, 0)) n
          LEFT JOIN known k USING (tier)
    ), placed AS (
        SELECT m.*, COALESCE(m.is_control, row_number() OVER (
                   PARTITION BY COALESCE(m.value_tier_id, 0), m.is_control
                   ORDER BY md5(%(salt)s || ':' || m.id), m.id) <= t.missing) AS held
          FROM meant m LEFT JOIN tier t ON t.tier = COALESCE(m.value_tier_id, 0)
    ), opened AS (
        INSERT INTO customer_playbook_case
               (playbook_id, company_id, partner_id, episode, status, is_control,
                entered_date, open_date, window_end, value, revenue, value_tier_id,
                lifecycle_stage_id, churn_risk, user_id, create_uid, create_date,
                write_uid, write_date)
        SELECT %(playbook)s, %(company)s, id, 0,
               CASE WHEN held THEN 'running' ELSE 'waiting' END, held, entered,
               %(today)s, %(today)s::date + %(window)s, value, 0, value_tier_id,
               lifecycle_stage_id, churn_risk, user_id, %(user)s,
               now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
          FROM placed ORDER BY value DESC, id
            ON CONFLICT (playbook_id, partner_id, episode)
            DO UPDATE SET entered_date = EXCLUDED.entered_date,
               again_date = EXCLUDED.open_date, write_date = EXCLUDED.write_date
     RETURNING id, partner_id, is_control, (xmax = 0) AS is_new
    ), planned AS (
        INSERT INTO customer_playbook_task
               (case_id, playbook_id, company_id, partner_id, step_id, line_id,
                delay_days, state, create_uid, create_date, write_uid, write_date)
        SELECT o.id, %(playbook)s, %(company)s, o.partner_id, s.id, l.id, %(delay)s,
               'planned', %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
               now() AT TIME ZONE 'UTC'
          FROM opened o
          JOIN customer_playbook_step s ON s.playbook_id = %(playbook)s AND s.active
          LEFT JOIN mail_activity_plan_template l
            ON s.kind = 'plan' AND l.plan_id = s.plan_id
         WHERE o.is_new AND NOT o.is_control AND (s.kind <> 'plan' OR l.id IS NOT NULL)
         ORDER BY o.id, %(delay)s, s.sequence, s.id, l.sequence, l.id
    )
    SELECT count(*) FILTER (WHERE is_new) FROM opened
"""
)
