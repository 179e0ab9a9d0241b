from odoo import api, fields, models
from odoo.exceptions import UserError

from ..common.called_records import check_one

STAGE_SELECTION = [
    ("prospect", "Prospect"),
    ("interested", "Interested"),
    ("new", "New"),
    ("active", "Active"),
    ("loyal", "Loyal"),
    ("dormant", "Dormant"),
    ("lost", "Lost"),
    ("won_back", "Won Back"),
]


class CustomerLifecycleStage(models.Model):
    """A stage of the customer life cycle, from prospect to lost and back.

    The eight stages are those that the engine can tell apart; their names, colours and
    descriptions belong to the company.
    """

    _name = "customer.lifecycle.stage"
    _inherit = ["classification.bounds.mixin", "classification.referred.mixin"]
    _description = "Customer Lifecycle Stage"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Selection(STAGE_SELECTION, required=True, readonly=True)
    code_letters = fields.Char(
        string="Letters in Codes",
        help="What stands for this stage in customer codes; else its code.",
    )
    sequence = fields.Integer(default=10)
    description = fields.Text(translate=True)
    color = fields.Integer(aggregator=None)
    customer_count = fields.Integer(compute="_compute_customer_count")

    _code_unique = models.Constraint(
        "UNIQUE(code)", "Each lifecycle stage exists once."
    )

    def _compute_customer_count(self):
        """Customers of the user's companies in each stage: one query."""
        counts = dict(
            self.env["customer.profile"]._read_group(
                [
                    ("lifecycle_stage_id", "in", self.ids),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["lifecycle_stage_id"],
                ["__count"],
            )
        )
        for stage in self:
            stage.customer_count = counts.get(stage, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_uninstall(self):
        raise UserError(
            self.env._(
                "The lifecycle stages are fixed, because the rules that lead to them "
                "are. You can rename a stage and change its colour."
            )
        )

    def action_open_customers(self):
        """Open the customers in this stage."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        action["domain"] = [("lifecycle_stage_id", "=", self.id)]
        action["context"] = {}  # of all customers, as the button counts them
        return action
