from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine import HolidayRule, NoLunarCalendar, anniversaries, days_between
from ..common.classification_condition_mixin import Condition
from ..common.classification_reason_mixin import refusal
from ..common.profiling import NOT_OBJECTING, OBJECTING
from ..playbook.customer_playbook_opening_mixin import BLACKLISTED

EVERYBODY = SQL("TRUE")
# An activity that could not be made on its day, because the server was down, is made
# up to so many days later; an e-mail is not.
LATE_DAYS = 2
# {model of an activity: (join from the contact p, id of the record)}
ABOUT_CONTACTS = {
    "res.partner": (SQL(), SQL("p.id")),
    "crm.lead": (SQL("JOIN crm_lead l ON l.partner_id = p.id"), SQL("l.id")),
    "customer.playbook.case": (
        SQL("JOIN customer_playbook_case l ON l.partner_id = p.id"),
        SQL("l.id"),
    ),
}
# Longest time between two visits: what is older need not be read.
MOST_DAYS = 3_650


class CustomerCareAudienceMixin(models.AbstractModel):
    """Audience of an occasion with the days, as SQL.

    A select of each kind of occasion returns the contacts with the day and the round:
    the year, or the day of a visit as a number. A contact has each round of an occasion
    once.
    """

    _name = "customer.care.audience.mixin"
    _description = "Audience of Occasions"

    def _condition(self, person=None):
        """Return the :class:`Condition` as a person, by default as superuser."""
        self.ensure_one()
        person = self._condition_root if person is None else person
        records = self._condition_eyes(
            "res.partner", self.company_id, self.name, person
        )
        return Condition(records, self.domain, self.name, NOT_OBJECTING)

    def _window(self, today):
        """Return the first and the last day of occasions to act on today."""
        if self.channel == "email":
            return today, today
        return today - timedelta(days=LATE_DAYS), today + timedelta(days=self.lead_days)

    # Selects of (contact p, day, round) of customers c with their profile f

    def _days_query(self, first, last):
        """Return SQL of the contacts with the day and round between two days."""
        return getattr(self, f"_{self.kind}_query")(first, last)

    def _birthday_query(self, first, last):
        return SQL(
            """
            SELECT p.id, n.day, n.round
              FROM %s JOIN res_partner p ON p.customer_birthday = n.code
             WHERE p.is_company IS NOT TRUE
            """,
            self._anniversary_rows(first, last),
        )

    def _first_purchase_query(self, first, last):
        return SQL(
            """
            SELECT f.partner_id, n.day, n.round
              FROM %s JOIN customer_profile f
                ON to_char(f.first_purchase_date, 'MM-DD') = n.code
               AND f.company_id = %s AND f.first_purchase_date < n.day
            """,
            self._anniversary_rows(first, last),
            self.company_id.id,
        )

    @api.model
    def _anniversary_rows(self, first, last):
        """Return SQL of rows n of (code, day, round)."""
        found = anniversaries(first, last)
        return SQL(
            "unnest(%s::varchar[], %s::date[], %s::int[]) n (code, day, round)",
            [code for code, __ in found],
            [day for __, day in found],
            [day.year for __, day in found],
        )

    def _holiday_query(self, first, last):
        days = self._holidays(first, last)
        return SQL(
            """
            SELECT p.id, n.day, n.round
              FROM unnest(%(days)s::date[], %(rounds)s::int[]) n (day, round)
              JOIN res_partner p ON p.commercial_partner_id = p.id
               AND (%(everywhere)s OR p.country_id = ANY(%(countries)s))
               AND (%(all_languages)s OR p.lang = ANY(%(languages)s))
            """,
            days=[day for day, __ in days],
            rounds=[year for __, year in days],
            everywhere=not self.country_ids,
            countries=self.country_ids.ids,
            all_languages=not self.lang_ids,
            languages=self.lang_ids.mapped("code"),
        )

    def _holidays(self, first, last):
        """Return ``[(day, year)]`` of the holiday between two days.

        :raises UserError: the Chinese calendar is not there
        """
        try:
            return days_between(self._holiday_rule(), first, last)
        except NoLunarCalendar as error:
            raise refusal(UserError, self.env, "no_lunar_calendar") from error

    def _holiday_rule(self):
        return HolidayRule(
            self.date_rule,
            self.month,
            self.day,
            int(self.weekday),
            int(self.place),
            self.shift_days,
        )

    def _visit_query(self, first, last):
        """Return SQL of the customers who are due, whatever the first day.

        The round is the day on which a visit was due, as a number.
        """
        return SQL(
            """
            SELECT v.id, %(today)s::date, to_char(v.due, 'YYYYMMDD')::int
              FROM (%(due)s) v (id, due, last_day, days) WHERE v.due <= %(last)s
            """,
            today=self._today(),
            due=self._due_query(EVERYBODY),
            last=last,
        )

    # Rhythm of visits

    def _due_query(self, condition):
        """Return SQL of customers, when each is due, the last day, the days.

        Of a tier and stage, the row that names both counts, else the shortest rhythm.
        Counted from the last meeting or call, from the last time that this occasion
        asked for one, else from the first purchase.

        :param condition: SQL on the customer p
        """
        today = self._today()
        return SQL(
            """
            SELECT p.id, GREATEST(COALESCE(v.day, f.first_purchase_date,
                                           %(created)s), made.day) + r.days,
                   v.day, r.days
              FROM res_partner p
              JOIN customer_profile f
                ON f.partner_id = p.id AND f.company_id = %(company)s
              JOIN LATERAL (
                   SELECT NULLIF(r.days, 0) AS days FROM customer_care_rhythm r
                    WHERE r.occasion_id = %(occasion)s
                      AND (r.tier_id IS NULL OR r.tier_id = f.value_tier_id)
                      AND (r.stage_id IS NULL OR r.stage_id = f.lifecycle_stage_id)
                    ORDER BY num_nonnulls(r.tier_id, r.stage_id) = 2 DESC,
                             NULLIF(r.days, 0) LIMIT 1) r ON r.days IS NOT NULL
              LEFT JOIN (SELECT d.id, max(d.day) AS day FROM (%(visits)s) d (id, day)
                          GROUP BY d.id) v ON v.id = p.id
              LEFT JOIN (SELECT k.partner_id, max(k.made_date) AS day
                           FROM customer_care k WHERE k.occasion_id = %(occasion)s
                          GROUP BY k.partner_id) made ON made.partner_id = p.id
             WHERE %(condition)s
            """,
            created=self._day_of(SQL("p.create_date")),
            company=self.company_id.id,
            occasion=self.id,
            visits=SQL(" UNION ALL ").join(
                self._visit_queries(condition, today - timedelta(days=MOST_DAYS), today)
            ),
            condition=condition,
        )

    def _visit_queries(self, condition, since, today):
        """Return selects of the customer and the day of meetings and calls.

        Days are those of the rules, as today is; a meeting of a whole day has its own.

        :param condition: SQL on the contact p
        """
        meetings = SQL(
            """
            SELECT m.customer_id, m.day
              FROM (SELECT p.commercial_partner_id AS customer_id,
                           CASE WHEN e.allday THEN e.start_date ELSE %(day)s END AS day
                      FROM calendar_event e
                      JOIN calendar_event_res_partner_rel r
                        ON r.calendar_event_id = e.id
                      JOIN res_partner p ON p.id = r.res_partner_id
                     WHERE e.active AND e.start >= %(since)s AND %(condition)s) m
             WHERE m.day <= %(today)s
            """,
            day=self._day_of(SQL("e.start")),
            since=since,
            condition=condition,
            today=today,
        )
        asked = SQL(
            """
            SELECT p.commercial_partner_id, k.done_date
              FROM customer_care k
              JOIN customer_care_occasion o ON o.id = k.occasion_id
              JOIN res_partner p ON p.id = k.partner_id
             WHERE o.kind = 'visit' AND k.state = 'done' AND k.done_date >= %s AND %s
            """,
            since,
            condition,
        )
        activities = [
            SQL(
                """
                SELECT p.commercial_partner_id, a.date_done
                  FROM res_partner p %s
                  JOIN mail_activity a ON a.res_model = %s AND a.res_id = %s
                   AND a.active IS NOT TRUE AND a.date_done >= %s
                  JOIN mail_activity_type t ON t.id = a.activity_type_id
                   AND t.category IN ('phonecall', 'meeting')
                 WHERE %s
                """,
                join,
                model,
                record,
                since,
                condition,
            )
            for model, (join, record) in ABOUT_CONTACTS.items()
        ]
        return [meetings, asked, *activities]

    # Who is meant

    def _meant_query(self, first, last, person=None):
        """Return SQL of who is meant: contact, day, round, actor, value.

        Nobody who objects, is blacklisted or archived, or who has the round already.

        :param person: with whose rights, by default those of the responsible
        :raises UserError: the condition or the Chinese calendar cannot be used
        """
        return SQL(
            """
            SELECT p.id, n.day, n.round, %(actor)s AS user_id,
                   COALESCE(f.revenue_at_risk, f.expected_revenue, f.revenue, 0)
                   AS value
              FROM (%(days)s) n (id, day, round)
              JOIN res_partner p ON p.id = n.id
              JOIN res_partner c ON c.id = p.commercial_partner_id
              JOIN customer_profile f
                ON f.partner_id = c.id AND f.company_id = %(company)s
             WHERE %(reachable)s
               AND (p.company_id IS NULL OR p.company_id = ANY(%(owners)s))
               AND (%(any_channel)s OR p.email_normalized IS NOT NULL)
               AND p.id IN %(matching)s
               AND NOT EXISTS (SELECT FROM customer_care k
                                WHERE k.occasion_id = %(occasion)s
                                  AND k.partner_id = p.id AND k.round = n.round)
            """,
            actor=self._actor(),
            days=self._days_query(first, last),
            company=self.company_id.id,
            owners=self.company_id.sudo().parent_ids.ids,
            reachable=self._reachable(),
            any_channel=self.channel != "email",
            matching=self._condition(person or self.responsible_id).ids(),
            occasion=self.id,
        )

    @api.model
    def _reachable(self):
        """Return SQL that keeps contacts p of customers c whom one may approach."""
        return SQL(
            "p.active AND c.active AND p.id NOT IN %s"
            " AND p.commercial_partner_id NOT IN %s AND NOT %s",
            OBJECTING,
            OBJECTING,
            BLACKLISTED,
        )

    def _actor(self):
        """Return SQL of the salesperson, else of who switched the occasion on."""
        return SQL(
            """
            COALESCE((SELECT u.id FROM res_users u
                       WHERE u.active AND u.share IS NOT TRUE
                         AND u.id = COALESCE(p.user_id, c.user_id)
                         AND EXISTS (SELECT FROM res_company_users_rel r
                                      WHERE r.user_id = u.id AND r.cid = %s)), %s)
            """,
            self.company_id.id,
            self.responsible_id.id,
        )
