from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..common.called_records import check_one


class CustomerValueTier(models.Model):
    """A value class of customers, best first.

    Each policy sets the numbers that lead to it.
    """

    _name = "customer.value.tier"
    _inherit = ["classification.bounds.mixin", "classification.referred.mixin"]
    _description = "Customer Value Tier"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="Short name that reports, automations and imports can rely on, "
        "whatever the language.",
    )
    code_letters = fields.Char(
        string="Letters in Codes",
        help="What stands for this tier in customer codes; else its code.",
    )
    sequence = fields.Integer(default=10, help="The best tier has the lowest number.")
    is_unrated = fields.Boolean(
        string="Not Rated",
        help="Customers about whom too little is known to give them a tier.",
    )
    description = fields.Text(translate=True)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    customer_count = fields.Integer(compute="_compute_customer_count")

    _code_unique = models.Constraint(
        "UNIQUE(code)", "Another value tier has this code already."
    )
    _one_unrated = models.UniqueIndex(
        "(is_unrated) WHERE is_unrated IS TRUE",
        "There is one tier for customers who are not rated, and it exists already.",
    )

    @api.model
    @tools.ormcache()
    def _unrated_id(self):
        """Return the id of the tier for customers who are not rated.

        Looked up once in the life of a process.
        """
        return self.search([("is_unrated", "=", True)], limit=1).id

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        self.env.registry.clear_cache()
        return tiers

    def write(self, vals):
        result = super().write(vals)
        if "is_unrated" in vals or "active" in vals:
            self.env.registry.clear_cache()
        return result

    def _compute_customer_count(self):
        """Customers of the user's companies in each tier: one query."""
        counts = dict(
            self.env["customer.profile"]._read_group(
                [
                    ("value_tier_id", "in", self.ids),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["value_tier_id"],
                ["__count"],
            )
        )
        for tier in self:
            tier.customer_count = counts.get(tier, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse to delete a tier in use by customers, policies or history.

        Such a tier can only be archived.
        """
        used = self.env["customer.profile"].sudo().with_context(active_test=False)
        if used.search_count([("value_tier_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "Customers are in this value tier. Archive it instead, or publish "
                    "a policy without it and recompute first."
                )
            )
        history = self.env["classification.change"].sudo()
        named = Domain("from_tier_id", "in", self.ids) | Domain(
            "to_tier_id", "in", self.ids
        )
        if history.search_count(named, limit=1):
            raise UserError(
                self.env._(
                    "Customers were in this value tier, and the history says so. "
                    "Archive it instead."
                )
            )
        if self.filtered("is_unrated"):
            raise UserError(
                self.env._(
                    "The tier for customers who are not rated is needed by every "
                    "policy and cannot be deleted."
                )
            )

    def action_open_customers(self):
        """Open the customers in this tier."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        action["domain"] = [("value_tier_id", "=", self.id)]
        action["context"] = {}  # of all customers, as the button counts them
        return action
