"""Explanations of classes: stored numbers, and sentences made from them.

The numbers are codes, days and amounts without language; the sentences are made when
somebody reads them, in the reader's language and format, with amounts only for those
who may see all sales. A profile has its numbers in its columns; a change of the past
keeps its own, small, as JSON, because the profile moves on (first classes: as columns):

* value tier: ``value``, ``orders``, ``limit`` and ``keep`` of the tier, ``next``
  (limit of the tier above), ``lost`` and ``missed`` (keep limit, and limit, of the tier
  before), ``buyers`` (compared for the limit), ``stands`` (day since which the limit
  holds, if an earlier run found it), ``frozen`` (day since which a manager keeps it),
  ``reason``, ``since``, ``lifetime_orders``, ``tenure``, ``refunded``, ``unknown``
  (documents in the window with unknown margin)
* lifecycle stage: ``recency``, ``tenure``, ``gap``, ``lifetime_orders``,
  ``opportunities``, ``quotations``, ``enquiries``
* churn risk: ``signals``, ``recency``, ``gap``, ``growth``, ``refund_share``,
  ``complaints``, ``complaints_before``, ``satisfaction``, ``answers``, ``silence``,
  ``within`` (days that predictions look ahead, if the risk goes by them), ``level``
  (the computed risk, if a person decided otherwise)
* all axes: ``decided`` if a person overrode the computed class

Unknown values are left out. Values of the policy, which never change once it is
published, are read from the policy.
"""

import json
import math
from datetime import date, timedelta
from functools import cache, cached_property, partial

from odoo.tools import SQL, format_date, formatLang

from ...engine.customers.risk import BY_PREDICTION
from ..common.access_groups import MONEY_GROUP
from ..common.punctuation import clauses
from ..common.sentences import plain_number

# Axis of the engine: (column of the class shown, column of the one by the numbers).
CLASS_COLUMNS = {
    "value_tier": ("value_tier_id", "shadow_tier_id"),
    "lifecycle_stage": ("lifecycle_stage_id", "shadow_stage_id"),
    "churn_risk": ("churn_risk", "shadow_risk"),
}

# Names of the numbers that a change keeps, by axis.
EXPLAINED = {
    "value_tier": (
        *("value", "orders", "limit", "keep", "next", "lost", "missed", "buyers"),
        *("stands", "frozen", "unknown", "reason", "since", "lifetime_orders"),
        *("tenure", "refunded", "decided"),
    ),
    "lifecycle_stage": (
        *("recency", "tenure", "gap", "lifetime_orders", "opportunities"),
        *("quotations", "enquiries", "decided"),
    ),
    "churn_risk": (
        *("signals", "recency", "gap", "growth", "refund_share", "complaints"),
        *("complaints_before", "satisfaction", "answers", "silence", "within"),
        *("level", "decided"),
    ),
}

# Bits of ``churn_signals``, in the engine's order.
OVERDUE, FAR_OVERDUE, DECLINING, REFUNDS, COMPLAINTS, DISSATISFIED, SILENT = (
    1 << bit for bit in range(7)
)
DAYS_A_MONTH = 365.25 / 12
# Reasons of a tier other than a value.
UNRATED_REASONS = (
    *("no_purchase", "too_new", "few_customers", "no_margin", "no_score", "no_value"),
)


class TierLimits:
    """Limits of the tiers of a policy: to enter a tier, and to keep it.

    :ivar enter: ``{tier id: lowest value that is enough}``, an amount of the currency
        or a score, the best tier first, finite limits only
    :ivar keep: ``{tier id: lowest value that keeps it}`` of the same
    :ivar found: ``{tier id: day as ISO text}`` on which the limit was found, where
        that is known
    :ivar buyers: ``{tier id: number}`` of the customers compared for it
    :ivar frozen: ``{tier id: day as ISO text}`` since which a manager keeps it
    """

    def __init__(self, policy, edges):
        """:param edges: JSON of the engine's ``Edges``, as a run keeps it"""
        from ...engine.customers.tiers import keep_limit, lowest_entering, rounded_up

        edges = edges or {}
        policy = policy.sudo()
        known, own = edges.get("tier_limits") or {}, edges.get("keep_limits") or {}
        self.tiers = policy._tiers_in_order()
        is_ranked, digits = policy.tier_method == "top_percent", policy._value_digits()
        self.enter, self.keep, lowest = {}, {}, math.inf
        for tier in self.tiers[:-1]:  # the last one takes the rest
            limit = known.get(str(tier.id))
            if limit is None:
                continue
            kept = own.get(str(tier.id))
            if kept is None:
                kept = keep_limit(limit, policy.keep_margin / 100)
            # A customer who could keep a better tier keeps a lower one too.
            lowest = min(lowest, rounded_up(kept, digits))
            self.keep[tier.id] = lowest
            self.enter[tier.id] = lowest_entering(limit, is_ranked, digits)
        found = {int(key): pair for key, pair in edges.get("limits_found", {}).items()}
        self.found = {tier: found[tier][0] for tier in self.enter if tier in found}
        self.buyers = {tier: found[tier][1] for tier in self.found}
        frozen, since = edges.get("frozen") or (), edges.get("frozen_since")
        self.frozen = {tier: since for tier in self.enter if since and tier in frozen}

    def standing(self, day, is_found_by_all=True):
        """``{tier id: day}`` of the limits that an earlier run found.

        :param day: as of which a customer was judged
        :param is_found_by_all: whether by a run over everybody, which finds limits
        """
        today = day.isoformat() if day else ""
        return {
            tier: found
            for tier, found in self.found.items()
            if found < today or not is_found_by_all
        }

    @cached_property
    def next(self):
        """``{tier id: limit of the tier above}``."""
        above = {tier.id: self.above(tier).id for tier in self.tiers}
        return {
            tier: self.enter[other]
            for tier, other in above.items()
            if other in self.enter
        }

    def above(self, tier):
        """Return the tier above one of the policy.

        Empty for the best tier, and for a tier of other rules.
        """
        return self._above.get(tier, self.tiers.browse())

    @cached_property
    def _above(self):
        return {tier: tier_above(self.tiers, tier) for tier in self.tiers}


def tier_above(tiers, tier):
    """Return the tier above one in a list of tiers, the best first.

    Empty for the best tier, and for a tier of other rules.
    """
    place = tiers.ids.index(tier.id) if tier in tiers else 0
    return tiers[place - 1] if place else tiers.browse()


# Columns of a profile that its first classes keep.
NUMBERS_OF_FIRSTS = (
    *("order_count", "unknown_margin_count", "tier_reason", "tier_below_since"),
    *("lifetime_order_count", "first_purchase_date", "last_purchase_date"),
    *("expected_gap_days", "open_opportunity_count", "open_quotation_count"),
    *("churn_signals", "growth", "refund_amount", "signal_complaint_count"),
    *("signal_complaint_count_before", "signal_satisfaction"),
    *("signal_satisfaction_count", "signal_interaction_date"),
    "answered_enquiry_count",
)
# Numbers of a tier that are the same for all customers of a run.
_OF_ALL = ("limit", "keep", "next", "buyers", "stands", "frozen")


def numbers_of_all(run, days):
    """Return the numbers that explain all first classes of a run alike.

    :param days: horizon of the predictions behind a churn risk, None without any
    :return: ``{tier id: numbers}`` and ``within``, the horizon
    """
    values = _values_of_tiers(run, TierLimits(run.policy_id, run.edges))
    numbers = {
        tier: {name: values[name][tier] for name in _OF_ALL if tier in values[name]}
        for tier in {tier for name in _OF_ALL for tier in values[name]}
    }
    return numbers if days is None else {**numbers, "within": days}


def explanation_of_first(axis):
    """Return SQL of the numbers behind the first class ``f`` on an axis.

    None of these classes was decided by a person. Those that are the same for all
    customers of a tier are kept on the run.
    """
    day = SQL("f.valid_date")
    if axis == "value_tier":
        own = {"value": SQL("f.tier_value"), **_tier_numbers(day)}
        of_all = SQL("COALESCE(%s, '{}')", _number_of_all(SQL("f.tier_id::text")))
        return SQL("jsonb_strip_nulls(%s || %s)", of_all, _json(own))
    numbers = _stage_numbers(day)
    if axis == "churn_risk":
        numbers = _risk_numbers(day, _number_of_all(SQL("'within'")))
    return SQL("jsonb_strip_nulls(%s)", _json(numbers))


def _number_of_all(key):
    """Return the SQL of a number that all first classes ``f`` of a run share."""
    return SQL(
        "(SELECT r.first_class_numbers -> %s FROM classification_run r"
        " WHERE r.id = f.run_id)",
        key,
    )


def explanation_of_changes(run, limits, days):
    """Return SQL of the numbers behind each change.

    They come from its profile ``f`` as just written and the row ``t`` of the move.

    :param limits: the :class:`TierLimits` of the run
    :param days: horizon of the predictions behind a churn risk, None without any
    """
    day = SQL("%s::date", run.as_of_date)
    values = _values_of_tiers(run, limits)
    tier = {
        "value": value_column(run.policy_id),
        **{name: _of_tier(values[name], SQL('t."to"')) for name in _OF_ALL},
        "lost": _of_tier(limits.keep, SQL('t."from"')),
        "missed": _of_tier(limits.enter, SQL('t."from"')),
        **_tier_numbers(day),
    }
    level = {
        "level": SQL(
            "CASE WHEN f.shadow_risk IS DISTINCT FROM f.churn_risk"
            " THEN f.shadow_risk END"
        )
    }
    return SQL(
        "jsonb_strip_nulls(CASE t.axis WHEN 1 THEN %s WHEN 2 THEN %s WHEN 3 THEN %s"
        " END)",
        _object(tier, "value_tier"),
        _object(_stage_numbers(day), "lifecycle_stage"),
        _object({**_risk_numbers(day, SQL("%s::int4", days)), **level}, "churn_risk"),
    )


def _object(numbers, axis):
    shown, shadow = (SQL.identifier("f", name) for name in CLASS_COLUMNS[axis])
    decided = SQL("NULLIF(%s IS DISTINCT FROM %s, FALSE)", shown, shadow)
    return _json({**numbers, "decided": decided})


def _json(numbers):
    pairs = (SQL("%s, %s", name, value) for name, value in numbers.items())
    return SQL("jsonb_build_object(%s)", SQL(", ").join(pairs))


def value_column(policy):
    """Return SQL of what the tiers of a policy compare."""
    return {
        "revenue": SQL("f.revenue"),
        "margin": SQL("f.margin"),
        "score": SQL("f.value_score"),
    }[policy.value_metric]


def _values_of_tiers(run, limits):
    """Return ``{name: {tier id: number}}`` of the names of ``_OF_ALL``."""
    return {
        "limit": limits.enter,
        "keep": limits.keep,
        "next": limits.next,
        "buyers": limits.buyers,
        "stands": limits.standing(run.as_of_date, run.scope == "all"),
        "frozen": limits.frozen,
    }


def _tier_numbers(day):
    return {
        "orders": SQL("f.order_count"),
        "unknown": SQL("NULLIF(f.unknown_margin_count, 0)"),
        "reason": SQL("f.tier_reason"),
        "since": SQL("f.tier_below_since"),
        "lifetime_orders": SQL("f.lifetime_order_count"),
        "tenure": SQL("%s - f.first_purchase_date", day),
        "refunded": SQL("NULLIF(f.refund_amount > 0, FALSE)"),
    }


def _stage_numbers(day):
    return {
        "recency": SQL("%s - f.last_purchase_date", day),
        "tenure": SQL("%s - f.first_purchase_date", day),
        "gap": SQL("f.expected_gap_days"),
        "lifetime_orders": SQL("f.lifetime_order_count"),
        "opportunities": SQL("NULLIF(f.open_opportunity_count, 0)"),
        "quotations": SQL("NULLIF(f.open_quotation_count, 0)"),
        "enquiries": SQL("NULLIF(f.answered_enquiry_count, 0)"),
    }


def _risk_numbers(day, within):
    return {
        "signals": SQL("f.churn_signals"),
        "recency": SQL("%s - f.last_purchase_date", day),
        "gap": SQL("f.expected_gap_days"),
        "growth": SQL("f.growth"),
        "refund_share": SQL(
            "CASE WHEN f.refund_amount > 0 AND f.revenue + f.refund_amount > 0"
            " THEN round(f.refund_amount / (f.revenue + f.refund_amount), 4) END"
        ),
        "complaints": SQL("NULLIF(f.signal_complaint_count, 0)"),
        "complaints_before": SQL("NULLIF(f.signal_complaint_count_before, 0)"),
        "satisfaction": SQL(
            "CASE WHEN f.signal_satisfaction_count > 0"
            " THEN round(f.signal_satisfaction::numeric, 6) END"
        ),
        "answers": SQL("NULLIF(f.signal_satisfaction_count, 0)"),
        "silence": SQL("%s - f.signal_interaction_date", day),
        "within": SQL(
            "CASE WHEN f.churn_signals >= %s THEN %s END", BY_PREDICTION, within
        ),
    }


def _of_tier(values, tier):
    """SQL of the value of a tier, NULL for one that is not among the values."""
    if not values:
        return SQL("NULL::jsonb")
    by_id = json.dumps({str(key): value for key, value in values.items()})
    return SQL("%s::jsonb -> %s::text", by_id, tier)


class Sentences:
    """Sentences that explain classes to one reader, from stored numbers.

    Made once for many customers: numbers and days that come again are not formatted
    again.

    :ivar shows_money: whether the reader may see amounts
    """

    def __init__(self, env, policy, currency):
        self.env = env
        self._number = cache(partial(formatLang, env))
        self._date = cache(partial(format_date, env))
        self.policy = policy.sudo()
        self.currency = currency
        self.is_score = self.policy.value_metric == "score"
        self.shows_money = env.user.has_group(MONEY_GROUP)

    def decided(self, text, until=None):
        """A sentence of the numbers, where a person decided otherwise.

        :param until: last day of the decision, where it is told
        """
        if until:
            return self.env._(
                "A person decided until %(day)s. By the numbers: %(text)s",
                day=self.day(until),
                text=text,
            )
        return self.env._("A person decided. By the numbers: %s", text)

    def corrected(self, revenue):
        """Why the past was corrected."""
        if not self.shows_money:
            return self.env._("Corrected: a document of the past arrived late.")
        return self.env._(
            "Corrected: a document of the past arrived late. As known now, %(value)s "
            "net in %(months)s up to that day.",
            value=self._number(revenue, currency_obj=self.currency),
            months=self.months(),
        )

    # Value tier

    def tier(self, told, tier, above, before=None):
        """Return the reason of the value tier as a sentence.

        :param told: numbers as above
        :param tier: record of the tier
        :param above: the tier above it, where there is one
        :param before: the tier that was lost for it, where it was
        """
        reason = told.get("reason")
        if not reason:
            return ""
        if reason in UNRATED_REASONS:
            return self._unrated(reason, told)
        if reason == "lapsed" or told.get("value") is None:
            return self._lapsed(told)
        texts = {"kept": self._kept, "grace": self._grace}
        if reason in texts:
            return texts[reason](told, tier)
        if before and "lost" in told:
            return self._fallen(told, before)
        return self._reached(told, tier, above)

    def _unrated(self, reason, told):
        texts = {"no_purchase": self._never_bought, "no_value": self._worthless}
        if reason in texts:
            return texts[reason](told)
        if reason == "too_new":
            return self._too_new(told)
        if reason == "few_customers":
            return self.env._(
                "Not rated: fewer than %s customers bought, too few to compare with.",
                self.policy.min_customers,
            )
        if reason == "no_margin":
            return self.env._("Not rated: the margin is not known.")
        return self.env._("Not rated: nothing of what the score weighs is known.")

    def _never_bought(self, told):
        if told.get("refunded"):
            return self.env._("Not rated: never bought, only refunds count.")
        return self.env._("Not rated: never bought.")

    def _too_new(self, told):
        return self.env._(
            "Not rated yet: %(orders)s, known for %(days)s. Rated from %(needed)s "
            "on, or after %(tenure)s.",
            orders=self.orders(told.get("lifetime_orders", 0)),
            days=self.days(told.get("tenure", 0)),
            needed=self.orders(self.policy.min_orders),
            tenure=self.days(self.policy.min_tenure_days),
        )

    def _worthless(self, told):
        months = self.months()
        if not told.get("orders"):
            return self.env._("Not rated: nothing bought in %s.", months)
        return self.env._(
            "Not rated: nothing is left of what was bought in %s.", months
        )

    def _lapsed(self, told):
        return self.env._(
            "Nothing bought in %(months)s; %(orders)s before.",
            months=self.months(),
            orders=self.orders(told.get("lifetime_orders", 0)),
        )

    def _reached(self, told, tier, above):
        if told.get("limit") is None:
            return self._below(told, above)
        place = []
        if self.may_tell_value:
            place.append(
                self.env._(
                    "limit of %(tier)s: %(limit)s",
                    tier=tier.name,
                    limit=self.limit(told["limit"], told),
                )
            )
        share = self._share(told, tier)
        if share:
            place.append(share)
        if not place:
            return self.env._(
                "%(basis)s reach the limit of %(tier)s.",
                basis=self.basis(told),
                tier=tier.name,
            )
        return self.env._(
            "%(basis)s (%(place)s).",
            basis=self.basis(told),
            place=clauses(self.env, place),
        )

    def _share(self, told, tier):
        if told.get("frozen"):
            return self.env._("kept since %s", self.day(told["frozen"]))
        share = self._shares.get(tier)
        if share is None or "buyers" not in told:
            return ""
        values = {"share": self.number(share), "buyers": told["buyers"]}
        if "stands" in told:
            return self.env._(
                "since %(day)s, when the best %(share)s %% of %(buyers)s customers "
                "reached it",
                day=self.day(told["stands"]),
                **values,
            )
        return self.env._(
            "among the best %(share)s %% of %(buyers)s customers", **values
        )

    @cached_property
    def _shares(self):
        """``{tier: share of the customers}``; empty where limits are amounts."""
        if self.policy.tier_method != "top_percent":
            return {}
        return {line.tier_id: line.limit for line in self.policy.tier_ids}

    def _below(self, told, above):
        """The lowest tier has no limit of its own: which one is missed?"""
        if not above or told.get("next") is None:
            return self.env._("%s.", self.basis(told))
        return self._missed(told, above, told["next"])

    def _missed(self, told, tier, limit):
        """The value does not reach the limit of a tier."""
        values = {"basis": self.basis(told), "tier": tier.name}
        if limit is None or not self.may_tell_value:
            return self.env._("%(basis)s, below the limit of %(tier)s.", **values)
        values["limit"] = self.limit(limit, told)
        if told["value"] >= limit:  # a share of the customers is above its limit
            return self.env._(
                "%(basis)s, not above the limit of %(tier)s: %(limit)s.", **values
            )
        return self.env._(
            "%(basis)s, below the limit of %(tier)s: %(limit)s.", **values
        )

    def _kept(self, told, tier):
        if not self.may_tell_value or "keep" not in told:
            return self.env._(
                "%(basis)s: a little under the limit of %(tier)s, which is kept.",
                basis=self.basis(told),
                tier=tier.name,
            )
        values = {
            "basis": self.basis(told),
            "tier": tier.name,
            "limit": self.limit(told["limit"], told),
            "keep": self.limit(told["keep"], told),
        }
        if told["value"] >= told["limit"]:
            return self.env._(
                "%(basis)s: not above the limit of %(tier)s (%(limit)s), kept down to "
                "%(keep)s.",
                **values,
            )
        return self.env._(
            "%(basis)s: under the limit of %(tier)s (%(limit)s), kept down to "
            "%(keep)s.",
            **values,
        )

    def _grace(self, told, tier):
        values = {
            "basis": self.basis(told),
            "tier": tier.name,
            "day": self.day(told.get("since")),
            "days": self.days(self.policy.grace_days),
        }
        if not self.may_tell_value or "keep" not in told:
            return self.env._(
                "%(basis)s: too little for %(tier)s since %(day)s; kept for %(days)s "
                "of grace.",
                **values,
            )
        return self.env._(
            "%(basis)s: since %(day)s below the %(keep)s that keep %(tier)s; kept for "
            "%(days)s of grace.",
            keep=self.limit(told["keep"], told),
            **values,
        )

    def _fallen(self, told, before):
        """Return the limit that was missed.

        The limit to keep the tier or, if these rules have none on record, the limit to
        enter it.
        """
        if told["value"] >= told["lost"]:
            return self._missed(told, before, told.get("missed"))
        if not self.may_tell_value:
            return self.env._(
                "%(basis)s: too little to keep %(tier)s.",
                basis=self.basis(told),
                tier=before.name,
            )
        return self.env._(
            "%(basis)s, below the %(keep)s that keep %(tier)s.",
            basis=self.basis(told),
            keep=self.limit(told["lost"], told),
            tier=before.name,
        )

    def basis(self, told):
        """Return what was judged: the orders, and the value if it may be read."""
        orders, months = self.orders(told.get("orders", 0)), self.months()
        if not self.may_tell_value:
            return self.env._("%(orders)s in %(months)s", orders=orders, months=months)
        values = {
            "value": self.value(told["value"]),
            "months": months,
            "orders": orders,
        }
        if self.is_score:
            return self.env._(
                "A value score of %(value)s, with %(orders)s in %(months)s", **values
            )
        if self.policy.value_metric == "margin":
            return self._margin(told.get("unknown"), values)
        return self.env._("%(value)s net in %(months)s from %(orders)s", **values)

    def _margin(self, unknown, values):
        """Return the sentence about the margin, with the unknown margins.

        :param unknown: number of documents with an unknown margin
        """
        if not unknown:
            return self.env._(
                "%(value)s margin in %(months)s from %(orders)s", **values
            )
        if unknown == 1:
            return self.env._(
                "%(value)s margin in %(months)s from %(orders)s, without 1 document of "
                "which it is not known",
                **values,
            )
        return self.env._(
            "%(value)s margin in %(months)s from %(orders)s, without %(unknown)s "
            "documents of which it is not known",
            unknown=unknown,
            **values,
        )

    # Lifecycle stage

    def stage(self, told, code, as_of):
        """Why the lifecycle stage with this code.

        :param as_of: the day of the numbers
        """
        texts = {
            "prospect": self._prospect,
            "interested": self._interested,
            "new": self._new,
            "active": self._active,
            "loyal": self._loyal,
            "won_back": self._won_back,
        }
        last = self._last_purchase(told, as_of)
        return texts.get(code, self._silent)(told, as_of, last)

    def _last_purchase(self, told, as_of):
        """Return the day of the last purchase; empty without a purchase."""
        if told.get("recency") is None:
            return ""
        day = self.day(as_of - timedelta(told["recency"]))
        if not told["recency"]:
            return self.env._("Last purchase on %s", day)
        return self.env._(
            "Last purchase on %(day)s, %(days)s ago",
            day=day,
            days=self.days(told["recency"]),
        )

    def _prospect(self, told, as_of, last):
        return self.env._("Never bought; no opportunity or quotation is open.")

    def _interested(self, told, as_of, last):
        if told.get("enquiries"):
            return self.env._(
                "Never bought; answered enquiries in the last %(months)s: "
                "%(enquiries)s, open opportunities: %(opportunities)s, open "
                "quotations: %(quotations)s.",
                months=self.months(),
                enquiries=told["enquiries"],
                opportunities=told.get("opportunities", 0),
                quotations=told.get("quotations", 0),
            )
        return self.env._(
            "Never bought; open opportunities: %(opportunities)s, open quotations: "
            "%(quotations)s.",
            opportunities=told.get("opportunities", 0),
            quotations=told.get("quotations", 0),
        )

    def _new(self, told, as_of, last):
        values = {
            "day": self.day(as_of - timedelta(told.get("tenure", 0))),
            "days": self.days(told.get("tenure", 0)),
            "orders": self.orders(told.get("lifetime_orders", 0)),
        }
        if told.get("tenure", 0) <= self.policy.new_days:
            return self.env._(
                "First purchase on %(day)s, %(days)s ago; %(orders)s so far.", **values
            )
        # Later than that, a customer with purchases on one day only is new.
        return self.env._(
            "First purchase on %(day)s, %(days)s ago, and none on another day; new "
            "until the usual gap of %(gap)s has passed.",
            gap=self.gap(told),
            **values,
        )

    def _active(self, told, as_of, last):
        return self.env._(
            "%(last)s; buys about every %(gap)s.", last=last, gap=self.gap(told)
        )

    def _loyal(self, told, as_of, last):
        return self.env._(
            "%(orders)s in %(tenure)s. %(last)s; buys about every %(gap)s.",
            orders=self.orders(told.get("lifetime_orders", 0)),
            tenure=self.months(round(told.get("tenure", 0) / DAYS_A_MONTH)),
            last=last,
            gap=self.gap(told),
        )

    def _won_back(self, told, as_of, last):
        return self.env._("Came back after a long silence. %s.", last)

    def _silent(self, told, as_of, last):
        return self.env._(
            "%(last)s: %(ratio)s times the own rhythm of %(gap)s.",
            last=last,
            ratio=self.ratio(told),
            gap=self.gap(told),
        )

    # Churn risk

    def risk(self, told, risk):
        """Return the reason of the churn risk: a prediction, or the signals.

        :param risk: low, medium or high
        """
        if told.get("signals", 0) & BY_PREDICTION:
            return self._predicted_risk(told, risk)
        return self._signals(told) or self.env._("Buys in the usual rhythm.")

    def _predicted_risk(self, told, risk):
        texts = {
            "high": self.env._(
                "Expected: of 100 customers like this one, fewer than %(high)s buy "
                "again within %(days)s."
            ),
            "medium": self.env._(
                "Expected: of 100 customers like this one, %(high)s to %(medium)s buy "
                "again within %(days)s."
            ),
            "low": self.env._(
                "Expected: of 100 customers like this one, %(medium)s or more buy "
                "again within %(days)s."
            ),
        }
        text = texts[told.get("level", risk)] % {
            "high": self.number(self.policy.risk_high_below),
            "medium": self.number(self.policy.risk_medium_below),
            "days": self.days(told.get("within", 0)),
        }
        signals = self._signals(told)
        return f"{text} {signals}" if signals else text

    def _signals(self, told):
        """Return the signals of a customer, one after the other, or nothing."""
        signals = told.get("signals", 0)
        shown = [
            text
            for bit, text in (
                (OVERDUE | FAR_OVERDUE, self._overdue),
                (DECLINING, self._declining),
                (REFUNDS, self._refunds),
                (COMPLAINTS, self._complaints),
                (DISSATISFIED, self._dissatisfied),
                (SILENT, self._unheard),
            )
            if signals & bit
        ]
        if not shown:
            return ""
        return self.env._(
            "Signals: %s.", clauses(self.env, [text(told) for text in shown])
        )

    def _overdue(self, told):
        return self.env._(
            "no purchase for %(days)s, %(ratio)s times the own rhythm of %(gap)s",
            days=self.days(told.get("recency", 0)),
            ratio=self.ratio(told),
            gap=self.gap(told),
        )

    def _declining(self, told):
        return self.halves(told.get("growth", 0))

    def _refunds(self, told):
        if "refund_share" not in told:
            return self.env._("more given back than bought")
        return self.env._(
            "%s %% of the sales given back", round(100 * told["refund_share"])
        )

    def _complaints(self, told):
        count, before = told.get("complaints", 0), told.get("complaints_before", 0)
        values = {"count": count, "before": before, "months": self.months()}
        if count == 1:
            return self.env._(
                "%(count)s complaint in the last %(months)s, %(before)s in the "
                "%(months)s before",
                **values,
            )
        return self.env._(
            "%(count)s complaints in the last %(months)s, %(before)s in the %(months)s "
            "before",
            **values,
        )

    def _dissatisfied(self, told):
        # Rounded down: a mean below the limit never reads as the limit.
        score = self.number(math.floor(told.get("satisfaction", 0) * 10) / 10)
        if told.get("answers", 1) == 1:
            return self.env._("satisfaction %s of 100, by one answer", score)
        return self.env._(
            "satisfaction %(score)s of 100, the mean of %(answers)s answers",
            score=score,
            answers=told["answers"],
        )

    def _unheard(self, told):
        silence = told.get("silence", 0)
        return self.env._(
            "no interaction or purchase for %(days)s, %(ratio)s times the own rhythm "
            "of %(gap)s",
            days=self.days(silence),
            ratio=self._number(silence / (told.get("gap") or 1), 1),
            gap=self.gap(told),
        )

    def halves(self, growth):
        """Compare the recent half of the window with the half before.

        :param growth: their difference divided by their sum, -1 to 1
        """
        months = self.months(self.policy.window_months / 2)
        if growth >= 1:
            return self.env._(
                "net revenue in the last %s, none in the time before", months
            )
        if growth <= -1:
            return self.env._(
                "no net revenue in the last %s, some in the time before", months
            )
        change = round(200 * growth / (1 - growth))
        if change < 0:
            return self.env._(
                "%(change)s %% less in the last %(months)s than in the time before",
                change=-change,
                months=months,
            )
        return self.env._(
            "%(change)s %% more in the last %(months)s than in the time before",
            change=change,
            months=months,
        )

    # Words for numbers

    @property
    def may_tell_value(self):
        """Check if the reader may see the values behind the tiers."""
        return self.is_score or self.shows_money

    def value(self, value):
        """A value of a tier: an amount, or a score."""
        if self.is_score:
            return self._number(value, 1)
        return self._number(value, currency_obj=self.currency)

    def limit(self, limit, told):
        """Return a limit as text beside the value that it judges.

        It gets more decimals if both would read alike although they differ.
        """
        text = self.value(limit)
        if limit == told["value"] or text != self.value(told["value"]):
            return text
        return plain_number(self.env, limit)

    def difference(self, value):
        """A difference of two such values."""
        if self.is_score:
            return self.env._("%s points", self._number(value, 1))
        if self.policy.value_metric == "margin":
            return self.env._("%s of margin", self.value(value))
        return self.value(value)

    def number(self, value):
        """Return a number as text with at most one decimal, none if it is zero."""
        return self._number(value, 0 if round(value, 1) == int(value) else 1)

    def day(self, day):
        """A date, or its ISO text, as the reader writes it."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        return self._date(day)

    def orders(self, count):
        """A number of orders."""
        return self.env._("1 order") if count == 1 else self.env._("%s orders", count)

    def days(self, count):
        """A number of days."""
        return self.env._("1 day") if count == 1 else self.env._("%s days", count)

    def months(self, count=None):
        """Return a number of months as text, by default those of the window."""
        count = self.policy.window_months if count is None else count
        if count == 1:
            return self.env._("1 month")
        return self.env._("%s months", self.number(count))

    def gap(self, told):
        """The own rhythm in days, with a decimal where it is short."""
        gap = told.get("gap") or 0
        gap = round(gap) if gap >= 10 else round(gap, 1)
        return self.days(1) if gap == 1 else self.env._("%s days", self.number(gap))

    def ratio(self, told):
        """Return the days since the last purchase as a multiple of the gap."""
        gap = told.get("gap") or 1
        return self._number(told.get("recency", 0) / gap, 1)
