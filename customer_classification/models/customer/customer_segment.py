from odoo import api, fields, models
from odoo.exceptions import UserError

from ..common.called_records import check_one


class CustomerSegment(models.Model):
    """A segment of customers by RFM scores, with a recommended action.

    The catalogue is shared; the segment map of each policy sets the scores that lead to
    a segment, and the classes that it claims.
    """

    _name = "customer.segment"
    _inherit = ["classification.bounds.mixin", "classification.referred.mixin"]
    _description = "Customer Segment"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="Short name that reports, automations and imports can rely on, "
        "whatever the language.",
    )
    description = fields.Text(
        translate=True, help="What these customers have in common, in a sentence."
    )
    action = fields.Text(
        string="Suggested Action",
        translate=True,
        help="What to do about these customers. It is shown on each of them.",
    )
    color = fields.Integer(aggregator=None)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    customer_count = fields.Integer(compute="_compute_customer_count")

    _code_unique = models.Constraint(
        "UNIQUE(code)", "Another segment has this code already."
    )

    @api.model
    def _bounds(self):
        return {
            **super()._bounds(),
            "name": (0, 200),
            "code": (0, 64),
            "description": (0, 2_000),
            "action": (0, 2_000),
            "color": (0, 11),
        }

    def _compute_customer_count(self):
        """Customers of the user's companies in each segment: one query."""
        counts = dict(
            self.env["customer.profile"]._read_group(
                [
                    ("segment_id", "in", self.ids),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["segment_id"],
                ["__count"],
            )
        )
        for segment in self:
            segment.customer_count = counts.get(segment, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """A segment that policies or customers name can only be archived."""
        lines = self.env["classification.policy.segment"].sudo()
        named = ["|", ("segment_id", "in", self.ids), ("otherwise_id", "in", self.ids)]
        line = lines.search(named, limit=1)
        if line:
            raise UserError(
                self.env._(
                    "%(segment)s is used in %(rules)s. Archive it instead.",
                    segment=(line.segment_id & self or line.otherwise_id).name,
                    rules=line.rules_id.display_name,
                )
            )
        profiles = self.env["customer.profile"].sudo().with_context(active_test=False)
        if profiles.search_count([("segment_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._("Customers are in this segment. Archive it instead.")
            )

    def action_open_customers(self):
        """Open the customers in this segment."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        action["domain"] = [("segment_id", "=", self.id)]
        action["context"] = {}  # of all customers, as the button counts them
        return action
