from odoo import api, models
from odoo.tools import format_date

from ..common.access_groups import MONEY_GROUP
from ..common.punctuation import clauses, labelled

PROFILE, PARTICIPANT = "campaign.profile", "campaign.participant"
# Figures in the order of the sheet, with the field that says if one is known.
_FIGURES = {
    "participant_count": None,
    "control_count": None,
    "addressed_count": None,
    "joined_count": None,
    "answered_count": None,
    "response_rate": "participant_count",
    "lead_count": None,
    "lead_rate": "participant_count",
    "opportunity_count": None,
    "order_count": None,
    "customer_count": None,
    "conversion_rate": "participant_count",
    "new_customer_count": None,
    "won_back_count": None,
    "feedback_score": "feedback_count",
    "revenue": None,
    "revenue_first": None,
    "revenue_last": None,
    "revenue_linear": None,
    "margin": "has_margin",
    "cost": "has_cost",
    "roi": "has_roi",
    "cost_per_lead": "has_cost_per_lead",
    "cost_per_new_customer": "has_cost_per_new_customer",
}
_RATES = ("response_rate", "lead_rate", "conversion_rate", "roi")
_BREAKDOWNS = ("value_tier_id", "lifecycle_stage_id")


class ReportCampaign(models.AbstractModel):
    """Campaigns on paper: period, rules, figures with definitions, and why.

    *Query budget*: some 20 for any number of campaigns.
    """

    _name = "report.customer_classification.report_campaign"
    _inherit = ["report.sheet.mixin"]
    _description = "Campaign Report"
    _printed_model = "utm.campaign"

    @api.model
    def _sheets(self, records):
        profiles = self.env[PROFILE].search(
            [
                ("campaign_id", "in", records.ids),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        found = profiles.grouped("campaign_id")
        parts = {name: self._breakdown(profiles, name) for name in _BREAKDOWNS}
        return [
            self._sheet(campaign, profile, parts)
            for campaign in records
            for profile in found.get(campaign) or [profiles.browse()]
        ]

    @api.model
    def _breakdown(self, profiles, name):
        """Return participants, buyers and revenue by a class at the first touch.

        ``{(campaign, company): {class: [participants, buyers, revenue]}}``: one query.
        """
        measures = ["__count", *(["revenue:sum"] if self._sees_money() else [])]
        rows = self.env[PARTICIPANT]._read_group(
            [
                ("campaign_id", "in", profiles.campaign_id.ids),
                ("company_id", "in", profiles.company_id.ids),
                ("first_touch_date", "!=", False),
                ("is_control", "=", False),
            ],
            ["campaign_id", "company_id", name, "is_converted"],
            measures,
        )
        found = {}
        for campaign, company, class_, bought, count, *revenue in rows:
            its = found.setdefault((campaign, company), {})
            numbers = its.setdefault(class_, [0, 0, 0])
            numbers[0] += count
            numbers[1] += count if bought else 0
            numbers[2] += sum(revenue)
        return found

    @api.model
    def _sheet(self, campaign, profile, parts):
        sheet = {
            "title": self.env._("Campaign Report: %s", campaign.display_name),
            "company": profile.company_id or self.env.company,
            "lines": self._lines(campaign, profile),
            "tables": [],
            "url": self._url(profile or campaign),
        }
        if profile:
            key = (campaign, profile.company_id)
            sheet["tables"] = [
                self._figures(profile),
                *(
                    self._breakdown_table(profile, name, parts[name].get(key, {}))
                    for name in _BREAKDOWNS
                ),
            ]
        return sheet

    @api.model
    def _lines(self, campaign, profile):
        """Return what the campaign is, of which days the numbers are, and why."""
        if not profile:
            return [self.env._("No run has looked at this campaign yet.")]
        why = ["performance_text", "lift_text"]
        if self._sees_money():
            why += ["cost_text", "attribution_text"]
        lines = [
            self._what_it_is(campaign, profile),
            self._period(profile),
            *self._rules(campaign, profile),
            *(profile[name] for name in why),
        ]
        return [line for line in lines if line]

    @api.model
    def _what_it_is(self, campaign, profile):
        words = []
        for name in ("goal", "channel"):
            labels = dict(profile._fields[name]._description_selection(self.env))
            words.append((self._label(PROFILE, name), labels.get(profile[name])))
        words.append((self._label(PROFILE, "type_id"), profile.type_id.name))
        words.append((self._label(PROFILE, "user_id"), campaign.user_id.name))
        return clauses(
            self.env,
            [labelled(self.env, name, value) for name, value in words if value],
        )

    @api.model
    def _period(self, profile):
        values = {
            "first": format_date(self.env, profile.start_date) or "…",
            "last": format_date(self.env, profile.end_date) or "…",
            "day": format_date(self.env, profile.as_of_date),
        }
        return self.env._(
            "From %(first)s to %(last)s; numbers up to %(day)s.", **values
        )

    @api.model
    def _rules(self, campaign, profile):
        policy = profile.sudo().policy_id
        if not policy:
            return []
        own = campaign.campaign_attribution_days
        text = self.env._(
            "Rules: %(rules)s. A purchase counts within %(days)s days after the "
            "customer was in touch with the campaign.",
            rules=policy.display_name,
            days=own or policy.campaign_attribution_days,
        )
        return [text]

    @api.model
    def _figures(self, profile):
        """Return the figures with their definitions."""
        fields = profile._fields
        names = [
            name
            for name in _FIGURES
            if self._sees_money() or fields[name].groups != MONEY_GROUP
        ]
        columns = [
            (self.env._("Figure"), False),
            (self.env._("Number"), True),
            (self.env._("What it counts"), False),
        ]
        rows = [
            [
                self._label(PROFILE, name),
                self._figure(profile, name),
                fields[name]._description_help(self.env) or "",
            ]
            for name in names
        ]
        return self._sheet_table(self.env._("Figures"), columns, rows)

    @api.model
    def _figure(self, profile, name):
        known = _FIGURES[name]
        if known and not profile[known]:
            return self.env._("not known")
        value = profile[name]
        if profile._fields[name].type == "monetary":
            return self._money(value, profile.currency_id)
        return self._percent(value, 100) if name in _RATES else self._count(value)

    @api.model
    def _breakdown_table(self, profile, name, numbers):
        """Return participants by a class that they had at the first touch."""
        columns = [
            (self._label("customer.profile", name), False),
            (self._label(PROFILE, "participant_count"), True),
            (self._label(PARTICIPANT, "is_converted"), True),
            (self._label(PROFILE, "conversion_rate"), True),
        ]
        if self._sees_money():
            columns.append((self._label(PARTICIPANT, "revenue"), True))
        rows = []
        ranked = sorted(numbers, key=lambda one: (not one, one.sequence, one.id))
        for class_ in ranked:
            count, bought, revenue = numbers[class_]
            row = [class_.name or self.env._("None")]
            row += [self._count(count), self._count(bought)]
            row.append(self._percent(bought, count))
            if self._sees_money():
                row.append(self._money(revenue, profile.currency_id))
            rows.append(row)
        titles = {
            "value_tier_id": self.env._("By value tier at the first touch"),
            "lifecycle_stage_id": self.env._("By lifecycle stage at the first touch"),
        }
        nobody = self.env._("Nobody took part yet.")
        return self._sheet_table(titles[name], columns, rows, nobody)
