from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from .called_records import check_one
from .customer_profile import MONEY_GROUP
from .res_partner import USER_GROUP, ProfileFloat, ProfileInteger, ProfileMonetary
from .searched_values import asks_for_none, ids_among

CURRENCY = {"currency_field": "campaign_result_currency_id"}


class UtmCampaign(models.Model):
    """Shows what came of a campaign: its profile in its own company, or in the current
    one where it belongs to all.

    Nothing is stored on ``utm_campaign``: a run cannot collide with someone who edits
    a campaign. The fields are searched, sorted and grouped through one join.
    """

    # One file for each idea of a campaign.
    _name = "utm.campaign"
    _inherit = ["utm.campaign", "classification.counted.once.mixin"]
    _ratios = {
        "campaign_response_rate": (
            *("campaign_answered_count", "campaign_participant_count"),
            *(100, 0),
        ),
        "campaign_conversion_rate": (
            *("campaign_customer_count", "campaign_participant_count"),
            *(100, 0),
        ),
        "campaign_roi": ("campaign_margin", "campaign_cost", 100, -100),
    }

    campaign_profile_id = fields.Many2one(
        "campaign.profile",
        string="Result",
        compute="_compute_campaign_profile_id",
        search="_search_campaign_profile_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help="What came of this campaign.",
    )
    campaign_result_currency_id = fields.Many2one(
        related="campaign_profile_id.currency_id",
        string="Currency of the Result",
        groups=USER_GROUP,
    )
    campaign_performance = fields.Selection(
        related="campaign_profile_id.performance_class",
        string="Performance",
        groups=USER_GROUP,
    )
    campaign_performance_text = fields.Char(
        related="campaign_profile_id.performance_text",
        string="Why This Performance",
        groups=USER_GROUP,
    )
    campaign_findings = fields.Html(
        related="campaign_profile_id.findings",
        string="Strengths and Weaknesses",
        groups=USER_GROUP,
    )
    campaign_scorecard = fields.Html(
        related="campaign_profile_id.scorecard",
        string="Target and Actual",
        groups=USER_GROUP,
    )
    campaign_lift_text = fields.Char(
        related="campaign_profile_id.lift_text", string="Effect", groups=USER_GROUP
    )
    campaign_cost_text = fields.Char(
        related="campaign_profile_id.cost_text",
        string="Cost and Return",
        groups=MONEY_GROUP,
    )
    campaign_attribution_text = fields.Char(
        related="campaign_profile_id.attribution_text",
        string="Three Ways to Count",
        groups=MONEY_GROUP,
    )
    campaign_result_date = fields.Date(
        related="campaign_profile_id.as_of_date",
        string="Result As Of",
        groups=USER_GROUP,
    )
    campaign_change_count = fields.Integer(
        related="campaign_profile_id.change_count",
        string="Performance Changes",
        groups=USER_GROUP,
        aggregator=None,
    )
    campaign_participant_count = ProfileInteger(
        related="campaign_profile_id.participant_count",
        string="Number of Participants",
        groups=USER_GROUP,
    )
    campaign_addressed_count = ProfileInteger(
        related="campaign_profile_id.addressed_count",
        string="Addressed",
        groups=USER_GROUP,
    )
    campaign_answered_count = ProfileInteger(
        related="campaign_profile_id.answered_count",
        string="Answered",
        groups=USER_GROUP,
    )
    campaign_lead_count = ProfileInteger(
        related="campaign_profile_id.lead_count",
        string="Leads of the Campaign",
        groups=USER_GROUP,
    )
    campaign_opportunity_count = ProfileInteger(
        related="campaign_profile_id.opportunity_count",
        string="Opportunities of the Campaign",
        groups=USER_GROUP,
    )
    campaign_order_count = ProfileInteger(
        related="campaign_profile_id.order_count", string="Orders", groups=USER_GROUP
    )
    campaign_customer_count = ProfileInteger(
        related="campaign_profile_id.customer_count",
        string="Customers",
        groups=USER_GROUP,
    )
    campaign_new_customer_count = ProfileInteger(
        related="campaign_profile_id.new_customer_count",
        string="New Customers",
        groups=USER_GROUP,
    )
    campaign_won_back_count = ProfileInteger(
        related="campaign_profile_id.won_back_count",
        string="Won Back",
        groups=USER_GROUP,
    )
    campaign_response_rate = ProfileFloat(
        related="campaign_profile_id.response_rate",
        string="Response (%)",
        groups=USER_GROUP,
    )
    campaign_conversion_rate = ProfileFloat(
        related="campaign_profile_id.conversion_rate",
        string="Conversion (%)",
        groups=USER_GROUP,
    )
    campaign_feedback_score = ProfileFloat(
        related="campaign_profile_id.feedback_score",
        aggregator=None,
        string="Feedback",
        groups=USER_GROUP,
    )
    campaign_revenue = ProfileMonetary(
        related="campaign_profile_id.revenue",
        string="Net Revenue",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_margin = ProfileMonetary(
        related="campaign_profile_id.margin",
        string="Margin",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_cost = ProfileMonetary(
        related="campaign_profile_id.cost",
        string="Actual Cost",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_has_cost = fields.Boolean(
        related="campaign_profile_id.has_cost",
        string="Cost Known",
        groups=MONEY_GROUP,
    )
    campaign_roi = ProfileFloat(
        related="campaign_profile_id.roi", string="Return (%)", groups=MONEY_GROUP
    )
    campaign_has_roi = fields.Boolean(
        related="campaign_profile_id.has_roi",
        string="Return Known",
        groups=MONEY_GROUP,
    )

    def write(self, vals):
        """A campaign that is given to a company leaves what others found of it."""
        company_id = vals.get("company_id")
        if company_id and type(company_id) is int:
            self.check_access("write")
            given = self.filtered(lambda one: one.company_id.id != company_id)
            given._check_may_leave(company_id)
            given._leave_other_companies(company_id)
        return super().write(vals)

    def _check_may_leave(self, company_id):
        """Refuse campaigns of companies where the user does not work.

        That is the one to which they are given, and all that have results of theirs:
        two queries.
        """
        if self.env.su or not self:
            return
        own = self.env.user.company_ids.ids
        found = Domain("campaign_id", "in", self.ids) & Domain(
            "company_id", "not in", [*own, company_id]
        )
        others = any(
            self.env[model].sudo().search_count(found & active, limit=1)
            for model, active in (
                ("campaign.profile", Domain("active", "in", (True, False))),
                ("campaign.participant", Domain.TRUE),
            )
        )
        if company_id not in own or others:
            raise AccessError(
                self.env._(
                    "You may give a campaign to a company only where you work in it "
                    "and in all companies that have results of the campaign."
                )
            )

    def _leave_other_companies(self, company_id):
        """Delete profiles of other companies and participants that runs found, who are
        found again; and of customers whom people entered for more than one company all
        but one. Two queries."""
        if not self:
            return
        self.env.flush_all()
        places = {"campaigns": self.ids, "company": company_id}
        for statement in (_LEAVE_PROFILES, _LEAVE_PARTICIPANTS):
            self.env.cr.execute(SQL(statement, **places))
        self.env["campaign.profile"].invalidate_model()
        self.env["campaign.participant"].invalidate_model()

    @api.depends("company_id")
    @api.depends_context("company", "allowed_company_ids")
    def _compute_campaign_profile_id(self):
        """The profile of each campaign, where its company is among those switched on:
        one query."""
        profiles = (
            self.env["campaign.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("campaign_id", "in", self.ids),
                    ("company_id", "in", self.env.companies.ids),
                ]
            )
        )
        found = {(one.campaign_id, one.company_id): one for one in profiles}
        for campaign in self:
            company = campaign.company_id or self.env.company
            campaign.campaign_profile_id = found.get((campaign._origin, company))

    def _campaign_profile_join(self, alias, query):
        """Join the profile to a query on campaigns, once; return its alias."""
        joined = query.make_alias(alias, "campaign_profile")
        query.add_join(
            "LEFT JOIN",
            joined,
            "campaign_profile",
            SQL(
                "%(campaign)s = %(id)s AND %(company)s = COALESCE(%(own)s, %(current)s)"
                " AND %(company)s = ANY(%(companies)s)",
                campaign=SQL.identifier(joined, "campaign_id"),
                id=SQL.identifier(alias, "id"),
                company=SQL.identifier(joined, "company_id"),
                own=SQL.identifier(alias, "company_id"),
                current=self.env.company.id,
                companies=self.env.companies.ids,
            ),
        )
        return joined

    def _field_to_sql(self, alias, field_expr, query=None):
        """The profile and its fields, for sorting and grouping, through that join."""
        field = self._fields.get(field_expr)
        if query is None or field is None:
            return super()._field_to_sql(alias, field_expr, query)
        if field.name == "campaign_profile_id":
            self._check_field_access(field, "read")
            return SQL.identifier(self._campaign_profile_join(alias, query), "id")
        path = (field.related or "").split(".")
        if path[0] == "campaign_profile_id" and len(path) == 2:
            self._check_field_access(field, "read")
            profile = self.env["campaign.profile"].sudo()
            return profile._field_to_sql(
                self._campaign_profile_join(alias, query), path[1], query
            )
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _search_campaign_profile_id(self, operator, value):
        """Search on the profile's fields through the join.

        Who may not read a field may not search by it either: an answer would tell as
        much.
        """
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("any", "any!"):
            return Domain.custom(to_sql=self._campaign_profile_matcher(value))
        if operator == "in":
            return Domain.custom(to_sql=self._campaign_profile_finder(value))
        return Domain("title", operator, value) & Domain(
            "campaign_profile_id", "!=", False
        )

    def _campaign_profile_matcher(self, domain):
        def to_sql(model, alias, query):
            model._check_field_access(model._fields["campaign_profile_id"], "read")
            joined = model._campaign_profile_join(alias, query)
            # As the user: fields of money are refused to who may not see them.
            profiles = model.env["campaign.profile"]
            condition = Domain(domain).optimize_full(profiles)
            return SQL(
                "(%s IS NOT NULL AND %s)",
                SQL.identifier(joined, "id"),
                condition._to_sql(profiles, joined, query),
            )

        return to_sql

    def _campaign_profile_finder(self, values):
        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "campaign_profile_id", query)
            found = SQL("%s = ANY(%s)", column, ids_among(values))
            if not asks_for_none(values):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return to_sql

    # Actions

    def action_open_campaign_profile(self):
        """Open all figures of this campaign."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "campaign.profile",
            "res_id": self.campaign_profile_id.id,
            "view_mode": "form",
        }

    def action_open_campaign_changes(self):
        """Open the history of this campaign's performance."""
        check_one(self)
        return self.campaign_profile_id.action_open_changes()

    def action_open_campaign_participants(self):
        """Open who takes part in this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_participant_action"
        )
        action["domain"] = [("campaign_id", "=", self.id)]
        action["context"] = {"default_campaign_id": self.id}
        return action

    def action_open_campaign_tags(self):
        """Open what came of this campaign by the tags of its participants."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_participant_tag_action"
        )
        action["domain"] = [("campaign_id", "=", self.id)]
        action["context"] = {}
        return action


_LEAVE_PROFILES = """
    DELETE FROM campaign_profile
     WHERE campaign_id = ANY(%(campaigns)s) AND company_id <> %(company)s
"""
_LEAVE_PARTICIPANTS = """
    DELETE FROM campaign_participant p
     WHERE p.campaign_id = ANY(%(campaigns)s)
       AND (NOT p.is_entered OR p.company_id <> %(company)s AND EXISTS (
                SELECT FROM campaign_participant o
                 WHERE o.campaign_id = p.campaign_id AND o.partner_id = p.partner_id
                   AND o.is_entered
                   AND (o.company_id = %(company)s OR o.id < p.id)))
"""
