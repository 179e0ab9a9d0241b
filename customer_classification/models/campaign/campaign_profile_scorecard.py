from odoo import api, fields, models

from ..common.access_groups import MONEY_GROUP

# By goal, what the campaign is judged by first; of money only who may see it.
_FIGURES = {
    "awareness": (
        *("participant_count", "joined_count", "answered_count", "response_rate"),
        *("feedback_score", "customer_count"),
    ),
    "leads": (
        *("lead_count", "opportunity_count", "lead_rate", "cost_per_lead"),
        *("customer_count", "revenue"),
    ),
    "sales": (
        *("revenue", "order_count", "customer_count", "new_customer_count"),
        *("conversion_rate", "cost_per_new_customer"),
    ),
    "retention": (*("revenue", "won_back_count", "customer_count", "conversion_rate"),),
}
_OF_EVERY_GOAL = ("cost", "roi")
# Fields of the campaign with what it shall reach, and may cost.
_TARGETS = {
    "participant_count": "campaign_target_participants",
    "lead_count": "campaign_target_leads",
    "revenue": "campaign_target_revenue",
    "cost": "campaign_budget",
}
# Whether a figure is known at all; some are worth saying so, others are left out.
_KNOWN_BY = {"cost": "has_cost", "roi": "has_roi"}
_SHOWN_BY = {
    "cost_per_lead": "has_cost_per_lead",
    "cost_per_new_customer": "has_cost_per_new_customer",
    "feedback_score": "feedback_count",
}
_RATES = ("response_rate", "lead_rate", "conversion_rate", "roi")


class CampaignProfile(models.Model):
    """Shows target against actual, figure by figure: those that the goal asks for."""

    # One file for each idea of a result.
    _inherit = "campaign.profile"  # pylint: disable=consider-merging-classes-inherited

    scorecard = fields.Html(compute="_compute_scorecard", sanitize=False)

    @api.depends(
        *("own_hash", "content_hash", "policy_id"),
        *(f"campaign_id.{target}" for target in _TARGETS.values()),
    )
    @api.depends_context("lang", "uid")
    def _compute_scorecard(self):
        """A table, in the language of the reader: the queries of reading profiles,
        campaigns and policies. Money is left out for who may not see it, also where a
        campaign shows it, which reads as the superuser."""
        sees_money = self.env.user.has_group(MONEY_GROUP)
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.scorecard = self.env["ir.qweb"]._render(
                "customer_classification.campaign_scorecard",
                {"lines": profile._scorecard_lines(sees_money)},
            )

    def _scorecard_lines(self, sees_money):
        names = (*_FIGURES[self.goal or "sales"], *_OF_EVERY_GOAL)
        return [
            self._scorecard_line(name)
            for name in names
            if sees_money or self._fields[name].groups != MONEY_GROUP
            if name not in _SHOWN_BY or self[_SHOWN_BY[name]]
        ]

    def _scorecard_line(self, name):
        """What the template shows of one figure."""
        known = self[_KNOWN_BY[name]] if name in _KNOWN_BY else True
        target = self.campaign_id[_TARGETS[name]] if name in _TARGETS else 0
        percent = 100 * self[name] / target if known and target else None
        return {
            "label": self._fields[name]._description_string(self.env),
            "target": target and self._figure(name, target),
            "usual": self._usual_figure(name),
            "actual": known and self._figure(name, self[name]),
            "percent": None if percent is None else self._number(percent, 0),
            "width": max(0, min(100, round(percent or 0))),
            "color": percent is not None and self._bar_color(name, percent),
        }

    def _figure(self, name, value):
        if self._fields[name].type == "monetary":
            return self._amount(value)
        if name in _RATES:
            return self.env._("%s %%", self._number(value))
        return self._number(value, 0)

    def _usual_figure(self, name):
        """The median of the peers, where there are enough of them."""
        peers = f"peer_{name}"
        enough = self.peer_count >= self.policy_id.campaign_min_peers
        if peers not in self._fields or not enough:
            return False
        return self._figure(name, self[peers])

    def _bar_color(self, name, percent):
        """A colour of Bootstrap, by the limits of the policy; a cost only warns."""
        if name == "cost":
            return "danger" if percent > 100 else "secondary"
        if percent >= self.policy_id.campaign_strong_percent:
            return "success"
        return "danger" if percent < self.policy_id.campaign_weak_percent else "info"
