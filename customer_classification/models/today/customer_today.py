from datetime import timedelta
from functools import cache, partial
from itertools import starmap
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ...engine import anniversaries
from ..common.access_groups import MONEY_GROUP
from ..common.arguments import as_choice
from ..common.called_records import check_one
from ..common.punctuation import clauses, listed
from ..customer.customer_profile_documents_mixin import _midnight as midnight
from ..customer.explanation import Sentences, TierLimits
from ..playbook.customer_playbook_task import CASE
from .customer_today_answer import ANSWERS, KINDS, REASONS

WHOSE = ("own", "team")
# Models on whose records activities are about a customer.
ACTIVITY_MODELS = ("res.partner", CASE)
# Days for which a customer is not shown again for the same reason.
REST_DAYS = {
    **{"activity": 1, "birthday": 30, "quotation": 7, "moved": 30, "overdue": 14},
    **{"visit": 14, "next_tier": 30},
}
NOT_USEFUL_DAYS = 90
# A move is news for this long, and a quotation waits from this day on.
NEWS_DAYS = 7
WAITING_DAYS = 3
WAITED = timedelta(days=WAITING_DAYS - 1)
# A birthday is shown on its day and so many days later, for who was away.
BIRTHDAY_DAYS = 2
BUYING = ("new", "active", "loyal", "dormant", "won_back")
# Customers who may be one order from the next tier: how many are looked at, and the
# part of its limit that one order may be.
CANDIDATES = 40
NEAR = 0.5
# The column of profiles with the value by which a policy makes tiers.
VALUE_COLUMNS = {"revenue": "revenue", "margin": "margin", "score": "value_score"}
# Fields of the customer that a line shows; amounts for who may see them.
SHOWN = ("value_tier_id", "lifecycle_stage_id", "churn_risk", "phone", "email")


class CustomerToday(models.AbstractModel):
    """Work list of a salesperson for today: a line a customer, with why.

    Activities that are due, birthdays, waiting quotations of customers at risk,
    customers who fell or are at risk now, who are overdue, who are one order from the
    next tier, and whose visit is due; in this order, and of each the most valuable
    first. At most as many as the company allows. With the rights of the reader.

    *Query budget*: a search for each reason, and those of the fields that are shown,
    whatever the number of customers.
    """

    _name = "customer.today"
    _description = "Today"

    @api.model
    @api.readonly
    def get_lines(self, whose="own"):
        """Return the lines of today.

        :param whose: ``own``: of the customers of the caller; ``team``: of those of the
            teams that the caller leads, for who sees all sales
        :return: dict of ``lines``, how many ``more`` wait at least, ``may_see_team``,
            and ``reasons``, ``[(code, label)]`` for what is not useful. A line has
            ``key``, ``kind``, ``record_id`` (for :meth:`answer`), ``profile_id``,
            ``name``, ``tier``, ``tier_color``, ``risk``, ``text``, ``summary``,
            ``amount`` (None without access), ``currency_id``, ``phone``, ``email``,
            ``salesperson`` and ``res_model`` and ``res_id`` of the document
        :raise UserError: on an unknown ``whose``
        :raise AccessError: for a team, without access to all sales
        """
        self.env["customer.profile"].check_access("read")
        sellers = self._sellers(whose)
        limit = self.env.company.customer_today_limit
        found = {}
        for kind, __ in KINDS:
            if len(found) > limit:
                break  # the page is full, and others wait
            resting = self._resting(kind)
            for profile, line in getattr(self, f"_{kind}_lines")(sellers, resting):
                found.setdefault(profile, {"kind": kind, **line})
        shown = dict(list(found.items())[:limit])
        labels = self.env["customer.today.answer"]._fields["reason"]
        return {
            "lines": self._complete(shown),
            "more": len(found) - len(shown),
            "may_see_team": self.env.user.has_group(MONEY_GROUP),
            "reasons": labels._description_selection(self.env),
        }

    @api.model
    def _sellers(self, whose):
        """Return the salespersons whose customers are looked at."""
        as_choice(self.env, whose, WHOSE, self.env._("Whose Customers"))
        own = self.env.user
        if whose == "own":
            return own
        if not own.has_group(MONEY_GROUP):
            raise AccessError(
                self.env._("Only those who see all sales see the day of a team.")
            )
        led = self.env["crm.team"].search([("user_id", "=", own.id)])
        return (led.member_ids | own).sudo(False)

    @api.model
    def _resting(self, kind):
        """Return ids of the customers who are not shown for a reason: one query."""
        answers = self.env["customer.today.answer"].sudo()
        today = fields.Date.context_today(self)
        groups = answers._read_group(
            [
                ("kind", "=", kind),
                ("hidden_until", ">", today),
                ("company_id", "in", self.env.companies.ids),
            ],
            ["partner_id"],
        )
        return [partner.id for (partner,) in groups]

    @api.model
    def _customers(self, sellers, resting, domain, order="value_score desc, id"):
        """Return profiles of the salespersons' customers, the most valuable first."""
        limit = self.env.company.customer_today_limit + 1
        return self.env["customer.profile"].search(
            Domain.AND(
                [
                    [
                        ("company_id", "in", self.env.companies.ids),
                        ("partner_id.user_id", "in", sellers.ids),
                        ("partner_id", "not in", resting),
                    ],
                    domain,
                ]
            ),
            limit=limit,
            order=order,
        )

    @api.model
    def _of_partners(self, partners, company_ids):
        """Return ``{(customer, company): profile}`` of contacts: one query."""
        profiles = self.env["customer.profile"].search(
            [
                ("partner_id", "in", partners.commercial_partner_id.ids),
                ("company_id", "in", company_ids),
            ]
        )
        return {(one.partner_id, one.company_id): one for one in profiles}

    # Why a customer is shown: [(profile, {text, and what differs from others})]

    @api.model
    def _activity_lines(self, sellers, resting):
        """Return due activities on customers and steps of cases."""
        today = fields.Date.context_today(self)
        activities = self.env["mail.activity"].search(
            [
                ("res_model", "in", ACTIVITY_MODELS),
                ("user_id", "in", sellers.ids),
                ("date_deadline", "<=", today),
            ],
            order="date_deadline, id",
            limit=self.env.company.customer_today_limit + 1,
        )
        customers = self._customers_of(activities)
        partners = self.env["res.partner"].concat(*customers.values())
        profiles = self._of_partners(partners, self.env.company.ids)
        return [
            (profiles[key], self._activity_line(activity, today))
            for activity in activities
            for key in [(customers.get(activity), self.env.company)]
            if key in profiles
        ]

    @api.model
    def _customers_of(self, activities):
        """Return ``{activity: customer}``; those of other records are left out.

        A query for each model.
        """
        customers = {}
        for name in ACTIVITY_MODELS:
            own = activities.filtered(lambda one, name=name: one.res_model == name)
            records = self.env[name].browse(own.mapped("res_id")).exists()
            readable = {
                record.id: record for record in records._filtered_access("read")
            }
            for activity in own:
                if record := readable.get(activity.res_id):
                    partner = record if name == "res.partner" else record.partner_id
                    customers[activity] = partner.commercial_partner_id
        return customers

    @api.model
    def _activity_line(self, activity, today):
        what = activity.summary or activity.activity_type_id.name or ""
        late = (today - activity.date_deadline).days
        if not late:
            text = self.env._("Due today: %s", what)
        elif late == 1:
            text = self.env._("Due since yesterday: %s", what)
        else:
            text = self.env._("Due for %(days)s days: %(what)s", what=what, days=late)
        return {"text": text, "record_id": activity.id}

    @api.model
    def _birthday_lines(self, sellers, resting):
        """Persons who have their birthday, or had it just now."""
        today = fields.Date.context_today(self)
        days = dict(anniversaries(today - timedelta(days=BIRTHDAY_DAYS), today))
        people = self.env["res.partner"].search(
            [
                ("customer_birthday", "in", list(days)),
                ("is_company", "=", False),
                ("commercial_partner_id.user_id", "in", sellers.ids),
                ("commercial_partner_id", "not in", resting),
                ("customer_objects_profiling", "=", False),
            ],
            order="id",
            limit=4 * self.env.company.customer_today_limit,
        )
        profiles = self._of_partners(people, self.env.company.ids)
        born = {}
        for person in people:
            key = (person.commercial_partner_id, self.env.company)
            if key in profiles:
                by_day = born.setdefault(profiles[key], {})
                by_day.setdefault(days[person.customer_birthday], []).append(person)
        lines = [
            (
                profile,
                {
                    "text": clauses(
                        self.env, starmap(self._birthday_text, by_day.items())
                    )
                },
            )
            for profile, by_day in born.items()
        ]
        return sorted(lines, key=lambda line: -line[0].value_score)

    @api.model
    def _birthday_text(self, day, people):
        names = listed(self.env, [one.name for one in people])
        if day == fields.Date.context_today(self):
            return self.env._("Birthday of %s today", names)
        return self.env._(
            "Birthday of %(names)s on %(day)s",
            names=names,
            day=format_date(self.env, day),
        )

    @api.model
    def _quotation_lines(self, sellers, resting):
        """Quotations of customers at risk that are open for some days."""
        today = fields.Date.context_today(self)
        orders = self.env["sale.order"].search(
            [
                *self.env["classification.source.sale"]._open_quotations(),
                ("user_id", "in", sellers.ids),
                ("date_order", "<", self._begin_of(today - WAITED)),
                *("|", ("validity_date", "=", False), ("validity_date", ">=", today)),
                ("customer_churn_risk", "in", ("medium", "high")),
                ("company_id", "in", self.env.companies.ids),
                ("partner_id.commercial_partner_id", "not in", resting),
            ],
            order="amount_untaxed desc, id",
            limit=self.env.company.customer_today_limit + 1,
        )
        return [
            (order.customer_profile_id, self._quotation_line(order, today))
            for order in orders
            if order.customer_profile_id
        ]

    @api.model
    def _quotation_line(self, order, today):
        made = fields.Datetime.context_timestamp(self, order.date_order).date()
        return {
            "text": self.env._(
                "At risk, and quotation %(order)s has been open for %(days)s days",
                order=order.name,
                days=(today - made).days,
            ),
            "amount": order.amount_untaxed,
            "currency_id": order.currency_id.id,
            "res_model": "sale.order",
            "res_id": order.id,
        }

    @api.model
    def _begin_of(self, day):
        """Return the moment in UTC at which a day of the reader begins."""
        return midnight(day, str(self.env.tz))

    @api.model
    def _moved_lines(self, sellers, resting):
        """Customers whose tier fell, or whose risk rose, in the last days."""
        today = fields.Date.context_today(self)
        changes = self.env["classification.change"].search(
            [
                ("company_id", "in", self.env.companies.ids),
                ("valid_date", ">", today - timedelta(days=NEWS_DAYS)),
                ("direction", "=", "down"),
                ("axis", "in", ("value_tier", "churn_risk")),
                ("is_correction", "=", False),
                ("partner_id.user_id", "in", sellers.ids),
                ("partner_id", "not in", resting),
            ],
            order="valid_date desc, id desc",
            limit=4 * self.env.company.customer_today_limit,
        )
        profiles = {}
        for company in changes.company_id:
            partners = changes.filtered(lambda c, k=company: c.company_id == k)
            profiles.update(self._of_partners(partners.partner_id, company.ids))
        lines = []
        for change in changes:
            profile = profiles.get((change.partner_id, change.company_id))
            if profile and self._still_holds(profile, change):
                lines.append((profile, {"text": self._moved_text(change)}))
        return sorted(lines, key=lambda line: -line[0].value_score)

    @api.model
    def _still_holds(self, profile, change):
        """Return whether the customer still is where the change led."""
        if change.axis == "value_tier":
            return profile.value_tier_id == change.to_tier_id
        return profile.churn_risk == change.to_risk

    @api.model
    def _moved_text(self, change):
        day = format_date(self.env, change.valid_date)
        if change.axis == "value_tier":
            return self.env._(
                "Fell from %(old)s to %(new)s on %(day)s",
                old=change.from_tier_id.name,
                new=change.to_tier_id.name,
                day=day,
            )
        labels = dict(change._fields["to_risk"]._description_selection(self.env))
        return self.env._(
            "Churn risk: %(risk)s since %(day)s", risk=labels[change.to_risk], day=day
        )

    @api.model
    def _overdue_lines(self, sellers, resting):
        """Customers who were expected to buy before today."""
        today = fields.Date.context_today(self)
        profiles = self._customers(
            sellers,
            resting,
            [
                ("expected_purchase_date", "<", today),
                ("lifecycle_stage_id.code", "in", BUYING),
            ],
        )
        return [(one, {"text": self._overdue_text(one, today)}) for one in profiles]

    @api.model
    def _overdue_text(self, profile, today):
        day = format_date(self.env, profile.expected_purchase_date)
        days = (today - profile.expected_purchase_date).days
        if days == 1:
            return self.env._("Was expected to buy yesterday, on %s", day)
        return self.env._(
            "Was expected to buy on %(day)s, %(days)s days ago", day=day, days=days
        )

    @api.model
    def _visit_lines(self, sellers, resting):
        """Customers whose visit is due by the rhythm of their tier and stage."""
        days = {}
        occasions = self.env["customer.care.occasion"].sudo()
        for occasion in occasions.search(
            [
                *(("kind", "=", "visit"), ("state", "=", "on")),
                ("company_id", "in", self.env.companies.ids),
            ]
        ):
            for partner, last_day in occasion._due_of(sellers):
                days.setdefault((partner, occasion.company_id.id), last_day)
        customers = [partner for partner, __ in days]
        profiles = self._customers(sellers, resting, [("partner_id", "in", customers)])
        return [
            (one, {"text": self._visit_text(days[key])})
            for one in profiles
            for key in [(one.partner_id.id, one.company_id.id)]
            if key in days
        ]

    @api.model
    def _visit_text(self, last_day):
        if last_day:
            day = format_date(self.env, last_day)
            return self.env._("A visit is due: the last meeting or call was on %s", day)
        return self.env._("A visit is due: no meeting or call is known")

    @api.model
    def _next_tier_lines(self, sellers, resting):
        """Customers whom one order of their usual size lifts to the next tier."""
        lines = []
        policies = self.env["classification.policy"].sudo()
        for policy in policies.search(
            [
                ("state", "=", "published"),
                ("company_id", "in", self.env.companies.ids),
            ]
        ):
            edges = self.env["classification.run"].sudo()._last_full_run(policy).edges
            limits = TierLimits(policy, edges)
            near = self._near_next_tier(policy, limits, sellers, resting).sudo()
            if policy.value_metric != "score":
                lines += self._one_order_away(near, policy, limits)
                continue
            for as_of, profiles in near.grouped("as_of_date").items():
                lines += self._reaching(profiles, policy, as_of, edges)
        return lines

    @api.model
    def _near_next_tier(self, policy, limits, sellers, resting):
        """Return customers a little below the limit of the next tier.

        Chosen by the stored numbers, whether the caller may see them or not: which
        ones, and not by how much, is what the line says.
        """
        profiles = self.env["customer.profile"]
        if not limits.next:
            return profiles
        column = VALUE_COLUMNS[policy.value_metric]
        near = Domain.OR(
            [
                # An order moves nobody whose tier a person decided.
                *(("shadow_tier_id", "=", tier), ("value_tier_id", "=", tier)),
                (column, "<", limit),
                (column, ">=", limit * (1 - NEAR)),
            ]
            for tier, limit in limits.next.items()
        )
        own = [
            ("company_id", "=", policy.company_id.id),
            ("partner_id.user_id", "in", sellers.ids),
            ("partner_id", "not in", resting),
            ("lifecycle_stage_id.code", "in", BUYING),
        ]
        found = profiles.sudo().search(
            Domain.AND([own, near]), limit=CANDIDATES, order="value_score desc, id"
        )
        return found.sudo(False)._filtered_access("read")

    @api.model
    def _one_order_away(self, profiles, policy, limits):
        """Return lines of customers for whom one order is enough.

        By the stored numbers: an amount or a margin grows by that of the usual order,
        so that no purchase is read.
        """
        sentences_for = cache(partial(Sentences, self.env, policy))
        lines = []
        for profile in profiles:
            reach = limits.next[profile.shadow_tier_id.id]
            value, more = self._usual_step(profile, policy)
            if (
                more is None
                or profile.currency_id.compare_amounts(value + more, reach) < 0
            ):
                continue
            told = SimpleNamespace(
                above=limits.above(profile.shadow_tier_id),
                reach=reach,
                value=value,
                orders_to_reach=1,
            )
            text = profile._reach_text(sentences_for(profile.currency_id), told)
            if told.above and text:
                lines.append((profile.sudo(False), {"text": text}))
        return lines

    @api.model
    def _usual_step(self, profile, policy):
        """Return the value of a customer, and what the usual order adds.

        None where the usual order is not known.
        """
        size = _mean(profile.revenue, profile.order_count)
        if size is None:
            size = _mean(profile.lifetime_revenue, profile.lifetime_order_count)
        size = size and profile.currency_id.round(size)
        if not size or size < 0:
            return 0, None
        if policy.value_metric == "revenue":
            return profile.revenue, size
        margin = _mean(profile.margin, profile.order_count)
        return profile.margin, margin if profile.has_margin else None

    @api.model
    def _reaching(self, profiles, policy, as_of, edges):
        """Return lines of customers whom one order lifts by its scores."""
        if not as_of:
            return []
        sentences_for = cache(partial(Sentences, self.env, policy))
        lines = []
        for profile, told in profiles._outlook(policy, as_of, edges).items():
            if told.orders_to_reach == 1 and told.above:
                seen = profile.sudo(False)
                text = profile._reach_text(sentences_for(profile.currency_id), told)
                lines.append((seen, {"text": text}))
        return [line for line in lines if line[1]["text"]]

    # The lines as the page shows them

    @api.model
    def _complete(self, found):
        """Return the lines with what each shows of its customer."""
        profiles = self.env["customer.profile"].concat(*found)
        profiles.fetch([*SHOWN, "user_id"])
        sees_money = self.env.user.has_group(MONEY_GROUP)
        line_of = partial(self._line, sees_money)
        return [line_of(profile, line) for profile, line in found.items()]

    @api.model
    def _line(self, sees_money, profile, line):
        tier = profile.value_tier_id
        has_amount = sees_money and profile.revenue
        return {
            "key": f"{line['kind']}-{profile.id}",
            "record_id": profile.id,
            "profile_id": profile.id,
            "name": profile.partner_id.display_name,
            "tier": tier.name or "",
            "tier_color": tier.color,
            "risk": profile.churn_risk or "",
            "summary": profile.summary or "",
            "amount": profile.revenue if has_amount else None,
            "currency_id": profile.currency_id.id,
            "phone": profile.phone or "",
            "email": profile.email or "",
            "salesperson": profile.user_id.name or "",
            "res_model": "customer.profile",
            "res_id": profile.id,
            **line,
        }

    # Answers

    @api.model
    def answer(self, kind, record_id, answer, reason=None):
        """Keep what was done about a line, and do not show it before it is time.

        :param kind: the line's ``kind``
        :param record_id: its ``record_id``: of an activity for ``activity``, else of a
            customer's profile
        :param answer: ``done``, ``tomorrow`` or ``not_useful``
        :param reason: why it is not useful
        :raise UserError: on other arguments
        :raise AccessError: for a customer of others, without access to all sales
        """
        as_choice(self.env, kind, dict(KINDS), self.env._("Reason to Show"))
        as_choice(self.env, answer, dict(ANSWERS), self.env._("Answer"))
        if answer == "not_useful":
            as_choice(self.env, reason, dict(REASONS), self.env._("Reason"))
        activity = self.env["mail.activity"]
        if kind == "activity":
            activity = self._answered_activity(record_id)
            profile = self._profile_of(activity)
        else:
            profile = self.env["customer.profile"].browse([record_id])
            check_one(profile)
            self._check_own(profile.user_id)
        self._note(profile, kind, answer, reason)
        if activity:
            self._settle(activity, answer)

    @api.model
    def _answered_activity(self, record_id):
        """Return an activity on a contact that the caller may change."""
        activity = self.env["mail.activity"].browse([record_id])
        check_one(activity)
        activity.check_access("write")
        if activity.res_model not in ACTIVITY_MODELS:
            raise UserError(self.env._("This activity is not about a customer."))
        self._check_own(activity.user_id)
        return activity

    @api.model
    def _profile_of(self, activity):
        partner = self._customers_of(activity).get(activity)
        found = partner and self._of_partners(partner, self.env.company.ids)
        if not found:
            raise UserError(self.env._("This contact is not a customer."))
        return next(iter(found.values()))

    @api.model
    def _check_own(self, seller):
        if seller != self.env.user and not self.env.user.has_group(MONEY_GROUP):
            raise AccessError(self.env._("This is a customer of somebody else."))

    @api.model
    def _note(self, profile, kind, answer, reason):
        """Keep the answer, with the day from which the customer is shown again."""
        days = {"tomorrow": 1, "not_useful": NOT_USEFUL_DAYS}.get(
            answer, REST_DAYS[kind]
        )
        today = fields.Date.context_today(self)
        self.env["customer.today.answer"].sudo().create(
            {
                "partner_id": profile.partner_id.id,
                "company_id": profile.company_id.id,
                "user_id": self.env.uid,
                "kind": kind,
                "answer": answer,
                "reason": reason if answer == "not_useful" else False,
                "text": profile.summary,
                "hidden_until": today + timedelta(days=days),
            }
        )

    @api.model
    def _settle(self, activity, answer):
        """Do to an activity what was answered."""
        if answer == "tomorrow":
            tomorrow = fields.Date.context_today(self) + timedelta(days=1)
            activity.date_deadline = tomorrow
        elif answer == "done":
            activity.action_feedback()
        else:
            activity.unlink()


def _mean(total, count):
    return total / count if count else None
