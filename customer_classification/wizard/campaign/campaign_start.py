from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ...models.campaign.utm_campaign import GOAL_SELECTION
from ...models.common.called_records import check_one
from ...models.common.classification_condition_mixin import Condition
from ..tag.selection import selected_ids

# Whose rows are about one customer each, and the field that names the customer.
CUSTOMER_FIELDS = {
    "res.partner": "commercial_partner_id",
    **dict.fromkeys(
        (
            *("customer.profile", "classification.change", "classification.move"),
            *("classification.history", "classification.migration"),
            *("classification.tag.report", "classification.override"),
        ),
        "partner_id",
    ),
}
# Filters that still hold tomorrow; the others are about past days.
PREFIXES = {"res.partner": "", "customer.profile": "customer_profile_id."}


class CampaignStart(models.TransientModel):
    """Start a campaign for customers.

    Selected in a list, all found by its filter, or those of classes and tags.
    """

    _name = "campaign.start"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Start a Campaign"

    audience = fields.Selection(
        [
            ("selected", "The selected ones"),
            ("filter", "All that the list shows"),
            ("classes", "All of these classes and tags"),
        ],
        required=True,
        default="classes",
        string="For",
    )
    model_name = fields.Char(readonly=True)
    domain = fields.Char(string="Filter", default="[]", readonly=True)
    tier_ids = fields.Many2many("customer.value.tier", string="Value Tiers")
    stage_ids = fields.Many2many("customer.lifecycle.stage", string="Lifecycle Stages")
    segment_ids = fields.Many2many("customer.segment", string="Customer Segments")
    tag_ids = fields.Many2many("res.partner.category", string="Tags")
    audience_mode = fields.Selection(
        [
            ("frozen", "As it is now"),
            ("live", "Who comes to belong to it joins every night"),
        ],
        required=True,
        default="frozen",
        string="Audience",
    )
    can_be_live = fields.Boolean(compute="_compute_can_be_live")
    is_new = fields.Selection(
        [("new", "A new campaign"), ("known", "One that is there")],
        required=True,
        default="new",
        string="Campaign",
    )
    campaign_id = fields.Many2one("utm.campaign", string="Which One")
    title = fields.Char(string="Name")
    campaign_type_id = fields.Many2one("campaign.type", string="Type")
    goal = fields.Selection(GOAL_SELECTION, default="sales")
    start_date = fields.Date(string="Starts", default=fields.Date.context_today)
    end_date = fields.Date(string="Ends")
    control_share = fields.Float(
        string="Control Group (%)",
        digits=(5, 1),
        help="So many of a hundred customers are left out, by chance and in each value "
        "tier alike, to show what the campaign did.",
    )
    customer_count = fields.Integer(string="Customers", compute="_compute_count")

    @api.model
    def default_get(self, names):
        """Take values from the list that opened the wizard.

        At most one query.
        """
        values = super().default_get(names)
        context = self.env.context
        model = context.get("active_model")
        if isinstance(model, str) and model in CUSTOMER_FIELDS:
            domain = repr(context.get("active_domain") or [])
            values |= {"model_name": model, "domain": domain}
            values["audience"] = self._listed(model, domain)
        return values

    @api.model
    def _listed(self, model, domain):
        """Return whether all records of the list were selected.

        Of very many, Odoo names only the first ones.
        """
        chosen = len(selected_ids(self.env))
        if chosen == 1:
            return "selected"
        limits = self.env["ir.config_parameter"].sudo()
        limit = int(limits.get_param("web.active_ids_limit", default=20_000))
        with self._listed_condition(model, domain).guarded() as condition:
            found = condition.records.search_count(condition.domain(), limit=chosen + 1)
        return "filter" if chosen in (0, found, limit) else "selected"

    def _listed_condition(self, model, domain):
        """The filter of a list, as the user sees the list."""
        return Condition(self.env[model], domain, self.env._("Filter"))

    @api.depends("audience", "model_name", "domain")
    def _compute_can_be_live(self):
        for wizard in self:
            wizard.can_be_live = wizard.audience == "classes" or (
                wizard.audience == "filter" and wizard.model_name in PREFIXES
            )

    @api.depends(
        *("audience", "domain", "tier_ids", "stage_ids", "segment_ids", "tag_ids")
    )
    def _compute_count(self):
        """One query."""
        for wizard in self:
            wizard.customer_count = len(wizard._customer_ids())

    @api.onchange("can_be_live")
    def _onchange_can_be_live(self):
        if not self.can_be_live:
            self.audience_mode = "frozen"

    @api.constrains("audience", "audience_mode")
    def _check_audience_mode(self):
        for wizard in self:
            if wizard.audience_mode == "live" and not wizard.can_be_live:
                raise ValidationError(
                    self.env._(
                        "A selection, and lists of days that are over, cannot be "
                        "followed: the audience stays as it is now."
                    )
                )

    # Targets

    def _customer_ids(self):
        """Return the ids of the targeted customers, each once.

        One query.
        """
        self.ensure_one()
        if self.audience == "classes":
            domain = self._class_domain()
            return self._customers_of("res.partner", domain) if domain else []
        model = self.model_name
        if model not in CUSTOMER_FIELDS:
            return []
        if self.audience == "filter":
            condition = self._listed_condition(model, self.domain)
            condition.check()
            with condition.guarded():
                return self._customers_of(model, condition.domain())
        return self._customers_of(model, Domain("id", "in", selected_ids(self.env)))

    def _customers_of(self, model, domain):
        name = CUSTOMER_FIELDS[model]
        [(customers,)] = self.env[model]._read_group(
            domain, [], [f"{name}:array_agg_distinct"]
        )
        return [customer for customer in customers or () if customer]

    def _class_domain(self):
        """Return the domain of the chosen classes, as campaigns read it."""
        return Domain.AND(
            [
                Domain(name, operator, records.ids)
                for name, operator, records in (
                    ("customer_value_tier_id", "in", self.tier_ids),
                    ("customer_lifecycle_stage_id", "in", self.stage_ids),
                    ("customer_segment_id", "in", self.segment_ids),
                    ("category_id", "child_of", self.tag_ids),
                )
                if records
            ]
            or [Domain.FALSE]
        )

    def _target_domain(self):
        """Return the filter of the list as one over contacts.

        For a campaign that follows it.
        """
        prefix = PREFIXES[self.model_name]
        domain = self._listed_condition(self.model_name, self.domain).domain()
        if prefix:
            domain = domain.map_conditions(
                lambda one: Domain(prefix + one.field_expr, one.operator, one.value)
            )
        return repr(list(domain))

    # Starting

    def action_start(self):
        """Create or take the campaign, add the customers, and open it."""
        check_one(self)
        customers = self.env["res.partner"].browse(self._customer_ids())
        if not customers:
            raise UserError(
                self.env._("Nobody is meant. Choose customers, classes or tags.")
            )
        campaign = self._campaign()
        campaign._add_campaign_audience(customers)
        return {
            "type": "ir.actions.act_window",
            "res_model": "utm.campaign",
            "res_id": campaign.id,
            "views": [(False, "form")],
        }

    def _campaign(self):
        if self.is_new == "known":
            if not self.campaign_id:
                raise UserError(self.env._("Choose the campaign."))
            return self.campaign_id
        if not self.title:
            raise UserError(self.env._("Give the campaign a name."))
        return self.env["utm.campaign"].create(
            {
                "title": self.title,
                "company_id": self.env.company.id,
                "campaign_type_id": self.campaign_type_id.id,
                "campaign_goal": self.goal,
                "campaign_start_date": self.start_date,
                "campaign_end_date": self.end_date,
                "campaign_control_share": self.control_share,
                "campaign_audience_mode": self.audience_mode,
                **self._target_values(),
            }
        )

    def _target_values(self):
        if self.audience == "classes":
            return {
                "campaign_target_tier_ids": self.tier_ids.ids,
                "campaign_target_stage_ids": self.stage_ids.ids,
                "campaign_target_segment_ids": self.segment_ids.ids,
                "campaign_target_tag_ids": self.tag_ids.ids,
            }
        if self.audience_mode == "live":
            return {"campaign_target_domain": self._target_domain()}
        return {}
