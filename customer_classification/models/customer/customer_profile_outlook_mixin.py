from collections import defaultdict
from datetime import timedelta
from functools import cache, partial
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_round

from .explanation import BY_PREDICTION, DAYS_A_MONTH, Sentences, TierLimits

HIGHEST_SCORE = 100
_AXES = {"tier": "value_tier", "stage": "lifecycle_stage", "risk": "churn_risk"}
TRENDS = [("rising", "Rising"), ("steady", "Steady"), ("falling", "Falling")]


class CustomerProfileOutlookMixin(models.AbstractModel):
    """Outlook of a customer: the next tier, keeping this one, the trend.

    The effort to reach the next tier and to keep this one, the changes if nothing is
    bought, and the direction of the customer's value.

    Computed when a form is opened, not stored and not in lists: the purchases are
    read, and the engine is asked for every day to come. As of the day of the profile,
    by the limits of the last full run.
    """

    _name = "customer.profile.outlook.mixin"
    _description = "Outlook of a Customer"

    tier_reach_text = fields.Char(
        string="To Reach the Next Tier",
        compute="_compute_outlook",
        help="What is enough today, at the limits of the last run over everybody.",
    )
    tier_keep_text = fields.Char(string="To Keep This Tier", compute="_compute_outlook")
    tier_change_date = fields.Date(
        string="Tier Changes On",
        compute="_compute_outlook",
        help="The day on which another tier comes if nothing is bought; where a person "
        "decided, not before the decision ends.",
    )
    stage_outlook_text = fields.Char(
        string="Stage Without a Purchase", compute="_compute_outlook"
    )
    risk_outlook_text = fields.Char(
        string="Risk Without a Purchase", compute="_compute_outlook"
    )
    value_trend = fields.Selection(
        TRENDS, string="Direction", compute="_compute_value_trend"
    )
    value_trend_text = fields.Char(
        string="Why This Direction", compute="_compute_value_trend"
    )

    # Direction of travel

    @api.depends_context("lang", "uid")
    def _compute_value_trend(self):
        """Compute the trend of the customer's value from the stored numbers."""
        sentences_for = cache(partial(Sentences, self.env))
        for profile, seen in zip(self.sudo(), self, strict=True):
            sentences = sentences_for(profile.policy_id, profile.currency_id)
            trend, reason = profile._trend(sentences)
            seen.value_trend = trend
            seen.value_trend_text = reason and self.env._(
                "%(reason)s.", reason=reason[:1].upper() + reason[1:]
            )

    def _trend(self, sentences):
        """``(direction, reason)``; the first that holds counts."""
        turn = -self.policy_id.decline_growth / 100
        if self.tier_below_since:
            return "falling", self._below_since(sentences)
        if self.has_growth and self.growth <= -turn:
            return "falling", sentences.halves(self.growth)
        if self.shadow_stage_id.code in ("dormant", "lost"):
            days = sentences.days(self.recency_days)
            return "falling", self.env._("no purchase for %s", days)
        if not self.last_purchase_date:
            return False, False
        if not self.has_growth:
            return False, self.env._("too few orders to tell a direction")
        if self.tenure_days < self.policy_id.window_months / 2 * DAYS_A_MONTH:
            return False, self.env._("too new to tell a direction")
        if self.growth >= turn:
            return "rising", sentences.halves(self.growth)
        return "steady", self.env._(
            "no clear direction: %s", sentences.halves(self.growth)
        )

    def _below_since(self, sentences):
        return self.env._(
            "below what keeps %(tier)s since %(day)s",
            tier=self.shadow_tier_id.name,
            day=sentences.day(self.tier_below_since),
        )

    # Outlook

    @api.depends_context("lang", "uid")
    def _compute_outlook(self):
        """Compute the sentences about the customer's future.

        For each policy and day (a form has one of each): two queries for facts and
        purchases, and those of the policy and its limits.
        """
        for name in (
            *("tier_reach_text", "tier_keep_text", "tier_change_date"),
            *("stage_outlook_text", "risk_outlook_text"),
        ):
            self[name] = False
        edges = self._edges_by_policy()
        groups = self.sudo().grouped(lambda one: (one.policy_id, one.as_of_date))
        for (policy, as_of), profiles in groups.items():
            if policy and as_of and edges[policy]:
                self._look_ahead(profiles, policy, as_of, edges[policy])

    def _look_ahead(self, profiles, policy, as_of, edges):
        """Fill the outlook of profiles of one policy and day."""
        outlook = profiles._outlook(policy, as_of, edges)
        stages = self.env["customer.lifecycle.stage"].search_fetch([], ["code", "name"])
        names = {stage.code: stage.name for stage in stages}
        sentences_for = cache(partial(Sentences, self.env, policy))
        for profile, told in outlook.items():
            sentences = sentences_for(profile.currency_id)
            seen = profile.with_env(self.env)
            seen.tier_change_date = profile._shown_change(told)
            texts = {
                "tier_reach": profile._reach_text(sentences, told),
                "tier_keep": profile._keep_text(sentences, told),
                "stage_outlook": profile._stage_text(sentences, told, names),
                "risk_outlook": profile._risk_text(sentences, told),
            }
            for name, text in texts.items():
                until = told.until.get(_AXES[name.partition("_")[0]])
                if text and until:
                    text = sentences.decided(text, until)
                seen[f"{name}_text"] = text

    def _decided_until(self, policy, as_of):
        """Return ``{customer id: {axis: last day of the decision}}``.

        One query where anybody decided.
        """
        found = defaultdict(dict)
        decided = self.filtered("is_overridden").partner_id.ids
        if decided:
            decisions = self.env["classification.override"].sudo()
            names = {"partner_id": decided}
            ends = decisions._ends(policy.company_id, as_of, **names)
            for (partner, axis), end in ends.items():
                found[partner][axis] = end
        return found

    def _shown_change(self, told):
        """Return the day on which another tier is shown without a purchase.

        Not before a decision ends; False where what follows it is not known.
        """
        until = told.until.get("value_tier")
        if not until:
            return told.tier_date
        after = until + timedelta(1)
        is_same = self.value_tier_id == self.shadow_tier_id
        if told.tier_date and told.tier_date <= after:
            return after if is_same else False
        return told.tier_date if is_same else after

    def _outlook(self, policy, as_of, edges):
        """Return ``{profile: future numbers}`` as namespaces.

        Only profiles whose facts can be read are included. Two queries, and one where
        a person decided.
        """
        from ...engine import Edges, effort, project

        parameters = self._rules(policy)
        if not parameters:
            return {}
        facts_model = self.env["classification.facts"]
        limits = TierLimits(policy, edges)
        scope = facts_model._scope(policy, as_of, self.partner_id.ids)
        facts, previous = facts_model._read(policy, parameters, scope)
        facts = facts[facts["is_customer"]]
        purchases = facts_model._read_purchases(policy, scope)
        rules = (parameters, Edges.from_json(edges), as_of)
        told = project(facts, purchases, previous, *rules)
        targets = self._targets(facts.index, limits)
        told = told.join(effort(facts, purchases, told["tier_date"], targets, *rules))
        until = self._decided_until(policy, as_of)
        return {
            profile: profile._told(
                told.loc[profile.partner_id.id], limits, until[profile.partner_id.id]
            )
            for profile in self
            if profile.partner_id.id in told.index
        }

    @api.model
    def _rules(self, policy):
        """Return the engine's parameters, or None for invalid rules.

        Rules become invalid when a record that they refer to is deleted. The profile
        must remain readable even then.
        """
        try:
            return policy._parameters()
        except ValidationError:
            return None

    def _targets(self, partner_ids, limits):
        """Return the target values of customers as a frame by customer.

        The lowest values that reach the next tier, and that keep this one; NaN if there
        is none.
        """
        import pandas as pd

        tiers = {one.partner_id.id: one.shadow_tier_id.id for one in self}
        held = [tiers[partner] for partner in partner_ids]
        reach = pd.Series(limits.next, dtype="float64").reindex(held)
        keep = pd.Series(limits.keep, dtype="float64").reindex(held)
        return pd.DataFrame(
            {"reach": reach.to_numpy(), "keep": keep.to_numpy()}, partner_ids
        )

    def _told(self, row, limits, until):
        """A row of numbers as a namespace, dates and records for codes.

        :param until: last days of decisions by axis
        """
        told = SimpleNamespace(**row.to_dict(), until=until)
        for name, value in row.items():
            if name.endswith("_date"):
                setattr(told, name, value.date() if value == value else False)
        if self.policy_id.value_metric == "margin":  # without purchases: 0
            for name in ("value", "value_then"):
                setattr(told, name, 0 if row[name] != row[name] else row[name])
        told.next_tier = self.env["customer.value.tier"].browse(int(told.next_tier))
        told.above = limits.above(self.shadow_tier_id)
        told.is_better = told.next_tier.sequence < self.shadow_tier_id.sequence
        return told

    # Sentences

    def _reach_text(self, sentences, told):
        """Return the sentence about what is missing to the next tier."""
        if self.shadow_tier_id.is_unrated:
            return self._rated_text(sentences, told)
        if not told.above or told.reach != told.reach or told.value != told.value:
            return False
        if sentences.is_score and told.reach > HIGHEST_SCORE:
            return self.env._(
                "Nobody reaches %s now: too many customers have the highest score.",
                told.above.name,
            )
        missing = self._rounded(told.reach - told.value)
        if missing <= 0:
            return self.env._("%s is reached: the next run gives it.", told.above.name)
        orders = self._usual_orders(sentences, told.orders_to_reach)
        if not sentences.may_tell_value:
            return orders and self.env._(
                "To reach %(tier)s: about %(orders)s of the usual size more.",
                tier=told.above.name,
                orders=orders,
            )
        values = {
            "tier": told.above.name,
            "missing": sentences.difference(missing),
            "orders": orders,
        }
        if not orders:
            return self.env._("To reach %(tier)s: %(missing)s more.", **values)
        return self.env._(
            "To reach %(tier)s: %(missing)s more, about %(orders)s of the usual size.",
            **values,
        )

    def _rated_text(self, sentences, told):
        """Return the sentence about when an unrated customer gets a tier.

        A customer is unrated while too few facts are known.
        """
        if not told.tier_date:
            return False
        return self.env._(
            "Rated on %(day)s, as %(tier)s if nothing more is bought.",
            day=sentences.day(told.tier_date),
            tier=told.next_tier.name,
        )

    def _usual_orders(self, sentences, count):
        """A number of orders as text, empty where it is not known."""
        return sentences.orders(int(count)) if count == count else ""

    def _keep_text(self, sentences, told):
        """Return the sentence about keeping the tier.

        Down to which value it is kept, when it is lost, and what prevents it.
        """
        if self.shadow_tier_id.is_unrated or told.keep != told.keep:
            return False
        parts = []
        if sentences.may_tell_value:
            parts.append(
                self.env._(
                    "%(tier)s is kept down to %(keep)s.",
                    tier=self.shadow_tier_id.name,
                    keep=sentences.value(told.keep),
                )
            )
        if told.tier_date:
            parts.append(self._lost_text(sentences, told))
        return " ".join(parts)

    def _lost_text(self, sentences, told):
        """Return the sentence about the tier that follows without purchases.

        When it comes, and what prevents it.
        """
        values = {"next": told.next_tier.name, "day": sentences.day(told.tier_date)}
        if told.is_better:
            return self.env._("%(next)s comes on %(day)s without a purchase.", **values)
        lost = self.env._(
            "Without a purchase it becomes %(next)s on %(day)s, at today's limits.",
            **values,
        )
        if self.policy_id.tier_method != "top_percent":
            lost = self.env._(
                "Without a purchase it becomes %(next)s on %(day)s.", **values
            )
        needed = self._needed(sentences, told)
        if not needed:
            return lost
        values |= {
            "lost": lost,
            "tier": self.shadow_tier_id.name,
            "needed": needed,
            "day": sentences.day(told.tier_date - timedelta(1)),
        }
        if not told.keep_from_date:
            return self.env._(
                "%(lost)s To keep %(tier)s: %(needed)s by %(day)s.", **values
            )
        return self.env._(
            "%(lost)s To keep %(tier)s: %(needed)s from %(first)s to %(day)s.",
            first=sentences.day(told.keep_from_date),
            **values,
        )

    def _needed(self, sentences, told):
        """Return, as text, the purchases needed to keep the tier."""
        orders = self._usual_orders(sentences, told.orders_to_keep)
        if sentences.is_score or not sentences.shows_money:
            return orders and self.env._("about %s of the usual size", orders)
        lacking = sentences.difference(self._rounded(told.keep - told.value_then))
        if not orders:
            return lacking
        return self.env._("%(value)s (about %(orders)s)", value=lacking, orders=orders)

    def _rounded(self, difference):
        """The least amount that can be bought and is enough.

        A difference of two amounts is one itself, but for the dust of binary fractions.
        """
        return float_round(
            round(difference, self.policy_id._value_digits()),
            precision_rounding=_step(self.policy_id),
            rounding_method="UP",
        )

    def _stage_text(self, sentences, told, names):
        """Return the sentence about when silence leads to dormant and lost."""
        values = {
            "dormant": names.get("dormant"),
            "lost": names.get("lost"),
            "dormant_day": told.dormant_date and sentences.day(told.dormant_date),
            "lost_day": told.lost_date and sentences.day(told.lost_date),
        }
        if told.dormant_date:
            return self.env._(
                "Without a purchase: %(dormant)s on %(dormant_day)s, %(lost)s on "
                "%(lost_day)s.",
                **values,
            )
        if told.lost_date:
            return self.env._("Without a purchase: %(lost)s on %(lost_day)s.", **values)
        if self.shadow_stage_id.code == "lost":
            return self.env._("The next purchase wins the customer back.")
        return False

    def _risk_text(self, sentences, told):
        """Return the sentence about when the risk rises."""
        if not told.risk_date or self.churn_signals >= BY_PREDICTION:
            return False  # a prediction tells nothing about single days
        labels = dict(self._fields["churn_risk"]._description_selection(self.env))
        risk = ("low", "medium", "high")[int(told.next_risk) - 1]
        return self.env._(
            "Without a purchase: %(risk)s from %(day)s on.",
            risk=labels[risk],
            day=sentences.day(told.risk_date),
        )


def _step(policy):
    """The least difference between two values of a policy."""
    return 0.1 if policy.value_metric == "score" else policy.currency_id.rounding
