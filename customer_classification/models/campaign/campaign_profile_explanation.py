from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import formatLang

from ...engine.campaigns.lift import POWER
from ..common.access_groups import MONEY_GROUP

# From these scores on, and below, feedback is worth a word.
_GOOD_FEEDBACK, _BAD_FEEDBACK = 75, 50
# Shares of the largest of the three revenues by which they differ.
_AGREE, _DIFFER = 0.1, 0.3
# How much better or worse than the median of the peers is worth a word.
_BETTER, _WORSE = 1.2, 0.8
# Participants of a tier from which it is worth a word, and of what it then has to be
# less than, or the other way round.
_ENOUGH, _HALF = 10, 2 / 3


class CampaignProfile(models.Model):
    """Says what came of a campaign and why it has its class, by its numbers and the
    limits of the policy, in the language of the reader."""

    _inherit = "campaign.profile"

    performance_text = fields.Char(
        string="Why This Performance", compute="_compute_texts"
    )
    lift_text = fields.Char(string="Effect", compute="_compute_texts")
    findings = fields.Html(
        string="Strengths and Weaknesses",
        compute="_compute_findings",
        sanitize=False,
    )
    cost_text = fields.Char(
        string="Cost and Return", compute="_compute_money_texts", groups=MONEY_GROUP
    )
    cost_note = fields.Char(
        string="Cost to Enter", compute="_compute_money_texts", groups=MONEY_GROUP
    )
    attribution_text = fields.Char(
        string="Three Ways to Count",
        compute="_compute_money_texts",
        groups=MONEY_GROUP,
    )

    @api.depends("own_hash", "content_hash", "policy_id")
    @api.depends_context("lang", "uid")
    def _compute_texts(self):
        """Sentences of everybody: the queries of reading profiles and policies.

        What part of a revenue was reached is for those who may see it.
        """
        sees_money = self.env.user.has_group(MONEY_GROUP)
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.performance_text = profile._explain_performance(sees_money)
            seen.lift_text = profile._explain_lift()

    @api.depends(
        *("own_hash", "content_hash", "policy_id", "campaign_id.campaign_budget")
    )
    @api.depends_context("lang", "uid")
    def _compute_findings(self):
        """Strengths and weaknesses: two queries beside those of reading profiles,
        campaigns and policies. What tells of money is left out for who may not see it,
        also where a campaign shows it, which reads as the superuser."""
        sees_money = self.env.user.has_group(MONEY_GROUP)
        tiers = self.sudo()._bought_by_tier()
        for profile, seen in zip(self.sudo(), self, strict=True):
            own = tiers.get((profile.campaign_id, profile.company_id), {})
            seen.findings = profile._findings_html(*profile._find(sees_money, own))

    @api.depends("own_hash", "content_hash", "policy_id")
    @api.depends_context("lang")
    def _compute_money_texts(self):
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.cost_text = profile._explain_cost()
            missing = self.env._("Cost missing")
            seen.cost_note = False if profile.has_cost else missing
            seen.attribution_text = profile._explain_attribution()

    def _number(self, value, digits=1):
        return formatLang(self.env, value, digits)

    def _amount(self, value):
        return formatLang(self.env, value, currency_obj=self.currency_id)

    # The class

    def _explain_performance(self, sees_money):
        """Why this class.

        By a target of one's own choice, the part that was reached would tell the
        revenue.
        """
        if not sees_money and self._is_judged_by_money():
            return self._explain_rating()
        policy = self.policy_id
        values = {
            "ratio": self._number(self.performance_ratio),
            "figure": self._judged_figure(),
            "strong": self._number(policy.campaign_strong_percent),
            "weak": self._number(policy.campaign_weak_percent),
            "peers": self.peer_count,
            "needed": policy.campaign_min_peers,
        }
        sentence = {
            "target": lambda **v: self.env._(
                "%(figure)s reached %(ratio)s %% of the target; strong from "
                "%(strong)s %%, weak below %(weak)s %%.",
                **v,
            ),
            "peers": lambda **v: self.env._(
                "%(ratio)s %% of what is usual among %(peers)s campaigns of the same "
                "type and goal; strong from %(strong)s %%, weak below %(weak)s %%.",
                **v,
            ),
            "not_started": lambda **v: self.env._("It has not started yet."),
            "running": lambda **v: self.env._("It is still running."),
            "nobody": lambda **v: self.env._("Nobody took part so far."),
            "no_measure": lambda **v: self.env._(
                "It has no target, and %(peers)s other campaigns of its type and goal "
                "are over; %(needed)s are needed to compare with.",
                **v,
            ),
        }.get(self.performance_reason)
        return sentence and sentence(**values)

    def _is_judged_by_money(self):
        """Whether the class follows from how much money came of it."""
        rated = self.performance_reason in ("target", "peers")
        return rated and self.goal not in ("awareness", "leads")

    def _explain_rating(self):
        """With what it was compared, without a number."""
        if self.performance_reason == "target":
            return self.env._("Its net revenue was compared with its target.")
        return self.env._(
            "Compared with %s campaigns of the same type and goal.", self.peer_count
        )

    def _judged_figure(self):
        """What the goal is measured by, at the beginning of a sentence."""
        return {
            "awareness": self.env._("Participants"),
            "leads": self.env._("Leads"),
        }.get(self.goal, self.env._("Net revenue"))

    # What it changed

    def _explain_lift(self):
        if not self.lift_verdict:
            return self.env._(
                "No control group: what customers would have bought anyway is not "
                "known."
            )
        values = {
            "treated": self._number(self.treated_rate),
            "control": self._number(self.control_rate),
            "lift": self._number(self.lift),
            "low": self._number(self.lift_low),
            "high": self._number(self.lift_high),
            "confidence": self._number(self.policy_id.campaign_confidence_percent, 0),
            "more": self.lift_more,
        }
        seen = self.env._(
            "%(treated)s %% bought with it, %(control)s %% without it: %(lift)s points "
            "of difference (%(confidence)s %% interval from %(low)s to %(high)s).",
            **values,
        )
        return f"{seen} {self._lift_conclusion(values)}"

    def _lift_conclusion(self, values):
        if self.lift_verdict == "works":
            return self.env._("It is shown to work.")
        if self.lift_verdict == "harms":
            return self.env._("It is shown to do harm.")
        if self.lift_more:
            return self.env._(
                "Too small to conclude; about %(more)s more customers, shared out in "
                "the same way, are needed to find such a difference with a chance of "
                "%(power)s %%.",
                power=round(100 * POWER),
                **values,
            )
        return self.env._("Too small to conclude.")

    # What it cost

    def _explain_cost(self):
        if not self.has_cost:
            return self.env._("Cost missing: enter what it cost to see the return.")
        cost = self._amount(self.cost)
        if not self.has_margin:
            return self.env._(
                "It cost %s. The margin of its sales is not known, so there is no "
                "return; the policy can assume one.",
                cost,
            )
        if not self.has_roi:
            return self.env._("It cost %s: no return on nothing.", cost)
        values = {
            "cost": cost,
            "margin": self._amount(self.margin),
            "roi": self._number(self.roi),
        }
        if self.is_margin_assumed:
            return self.env._(
                "It cost %(cost)s and brought a margin of %(margin)s, some of it "
                "assumed: a return of %(roi)s %%.",
                **values,
            )
        return self.env._(
            "It cost %(cost)s and brought a margin of %(margin)s: a return of "
            "%(roi)s %%.",
            **values,
        )

    def _explain_attribution(self):
        values = {
            "first": self._amount(self.revenue_first),
            "last": self._amount(self.revenue_last),
            "linear": self._amount(self.revenue_linear),
        }
        seen = self.env._(
            "First touch %(first)s, last touch %(last)s, equal shares %(linear)s.",
            **values,
        )
        return f"{seen} {self._disagreement()}"

    def _disagreement(self):
        """How far the three ways to count differ, in words."""
        amounts = (self.revenue_first, self.revenue_last, self.revenue_linear)
        most = max(map(abs, amounts))
        spread = (max(amounts) - min(amounts)) / most if most else 0
        if spread < _AGREE:
            return self.env._("They agree.")
        if spread < _DIFFER:
            return self.env._(
                "They differ by %s %%: other campaigns had a part in it.",
                self._number(spread * 100, 0),
            )
        return self.env._(
            "They differ by %s %%: what it brought depends on how one counts.",
            self._number(spread * 100, 0),
        )

    # Strengths and weaknesses

    def _findings_html(self, strengths, weaknesses):
        parts = [
            Markup("<p class='mb-1 fw-bold'>%s</p><ul>%s</ul>")
            % (title, Markup("").join(Markup("<li>%s</li>") % one for one in found))
            for title, found in (
                (self.env._("Strengths"), strengths),
                (self.env._("Weaknesses"), weaknesses),
            )
            if found
        ]
        return Markup("").join(parts) or False

    def _find(self, sees_money, tiers):
        """``(strengths, weaknesses)``: sentences.

        :param tiers: ``{tier: (participants, of whom bought)}``
        """
        found = [
            *self._findings_of_class(sees_money),
            *self._findings_against_peers(),
            *self._findings_of_customers(),
            *self._findings_of_tiers(tiers),
            *(self._findings_of_money() if sees_money else ()),
        ]
        return (
            [text for is_strength, text in found if is_strength],
            [text for is_strength, text in found if not is_strength],
        )

    def _findings_of_class(self, sees_money):
        if self.performance_class in ("strong", "weak"):
            text = self._explain_performance(sees_money)
            yield self.performance_class == "strong", text
        if self.lift_verdict in ("works", "harms"):
            yield self.lift_verdict == "works", self._explain_lift()
        if self.contaminated_count:
            yield (
                False,
                self.env._(
                    "%s customers of the control group were reached all the same, "
                    "which hides a part of the effect.",
                    self.contaminated_count,
                ),
            )

    def _findings_against_peers(self):
        """Shares that stand out among the peers; without enough of them, none."""
        if self.peer_count < self.policy_id.campaign_min_peers:
            return
        for name in ("response_rate", "lead_rate", "conversion_rate"):
            own, usual = self[name], self[f"peer_{name}"]
            if not usual or _WORSE <= own / usual < _BETTER:
                continue
            yield (
                own > usual,
                self.env._(
                    "%(what)s: %(own)s, usual is %(usual)s.",
                    what=self._fields[name]._description_string(self.env),
                    own=self._number(own),
                    usual=self._number(usual),
                ),
            )

    def _findings_of_customers(self):
        if self.new_customer_count:
            yield (
                True,
                self.env._(
                    "%s customers bought for the first time.", self.new_customer_count
                ),
            )
        if self.won_back_count:
            yield (
                True,
                self.env._("%s dormant customers were won back.", self.won_back_count),
            )
        if self.performance_reason not in ("not_started", "nobody", "running"):
            if not self.customer_count and self.goal in ("sales", "retention"):
                yield False, self.env._("Nobody who took part bought.")
            if not self.lead_count and self.goal == "leads":
                yield False, self.env._("It brought no lead.")
        if self.feedback_count:
            yield from self._findings_of_feedback()

    def _bought_by_tier(self):
        """``{(campaign, company): {tier then: (participants, of whom bought)}}``: two
        queries."""
        participants = self.env["campaign.participant"]
        domain = [
            ("campaign_id", "in", self.campaign_id.ids),
            ("company_id", "in", self.company_id.ids),
            ("first_touch_date", "!=", False),
            ("is_control", "=", False),
            ("value_tier_id", "!=", False),
        ]
        keys = ["campaign_id", "company_id", "value_tier_id"]
        bought = {
            tuple(key): count
            for *key, count in participants._read_group(
                [*domain, ("is_converted", "=", True)], keys, ["__count"]
            )
        }
        found = defaultdict(dict)
        for *key, count in participants._read_group(domain, keys, ["__count"]):
            campaign, company, tier = key
            found[campaign, company][tier] = count, bought.get(tuple(key), 0)
        return found

    def _findings_of_tiers(self, tiers):
        """Tiers with which it did much better or worse than with all."""
        everybody = self.conversion_rate
        for tier, (count, bought) in tiers.items():
            rate = 100 * bought / count
            if count < _ENOUGH or not everybody:
                continue
            if _HALF < rate / everybody < 1 / _HALF:
                continue
            yield (
                rate > everybody,
                self.env._(
                    "Of %(count)s customers of the tier %(tier)s %(rate)s %% bought, "
                    "of all %(all)s %%.",
                    count=count,
                    tier=tier.name,
                    rate=self._number(rate),
                    all=self._number(everybody),
                ),
            )

    def _findings_of_feedback(self):
        score = self.feedback_score
        if _BAD_FEEDBACK <= score < _GOOD_FEEDBACK:
            return
        yield (
            score >= _GOOD_FEEDBACK,
            self.env._(
                "Feedback of %(score)s of 100, from %(count)s customers.",
                score=self._number(score, 0),
                count=self.feedback_count,
            ),
        )

    def _findings_of_money(self):
        if self.has_roi:
            yield self.roi > 0, self._explain_cost()
        elif self.participant_count:
            yield False, self._explain_cost()
        budget = self.campaign_id.campaign_budget
        if self.has_cost and budget and self.cost > budget:
            yield (
                False,
                self.env._(
                    "It cost %(cost)s, over its budget of %(budget)s.",
                    cost=self._amount(self.cost),
                    budget=self._amount(budget),
                ),
            )
