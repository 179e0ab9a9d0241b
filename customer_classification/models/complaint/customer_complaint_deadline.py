from odoo import api, fields, models

from ..common.punctuation import listed

SEVERITY_SELECTION = [
    ("low", "Low"),
    ("normal", "Normal"),
    ("high", "High"),
    ("critical", "Critical"),
]
# The longest promise, about five years of working hours.
MOST_HOURS = 10_000


class CustomerComplaintDeadline(models.Model):
    """Hours in which complaints are answered and solved.

    The most specific row decides: of those that fit a complaint, the one with most
    conditions; of these, one of the company before one of all companies, then by value
    tier, severity and the lowest category, then the first in the list.
    """

    _name = "customer.complaint.deadline"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Deadline of Complaints"
    _order = "sequence, id"

    sequence = fields.Integer(default=10, aggregator=None)
    company_id = fields.Many2one(
        "res.company", ondelete="cascade", help="Empty: for all companies."
    )
    tier_id = fields.Many2one(
        "customer.value.tier",
        string="Value Tier",
        ondelete="cascade",
        help="The value tier of the customer. Empty: any.",
    )
    severity = fields.Selection(SEVERITY_SELECTION, help="Empty: any.")
    category_id = fields.Many2one(
        "customer.complaint.category",
        string="Category",
        ondelete="cascade",
        help="Also for the categories below it. Empty: any.",
    )
    response_hours = fields.Float(
        string="Answer Within (hours)",
        required=True,
        default=8,
        aggregator=None,
        help="Working hours from when the customer complained to the first answer.",
    )
    solution_hours = fields.Float(
        string="Solve Within (hours)",
        required=True,
        default=40,
        aggregator=None,
        help="Working hours from when the customer complained to the solution, without "
        "the time in which we wait for the customer.",
    )
    warning_hours = fields.Float(
        string="Warn Before (hours)",
        required=True,
        default=2,
        aggregator=None,
        help="Working hours before a deadline, at which its owner gets an activity.",
    )

    _hours_in_order = models.Constraint(
        "CHECK(response_hours > 0 AND solution_hours >= response_hours"
        " AND warning_hours >= 0)",
        "The hours to the answer are more than 0, and those to the solution are not "
        "fewer.",
    )

    @api.model
    def _bounds(self):
        names = ("response_hours", "solution_hours", "warning_hours")
        return dict.fromkeys(names, (0, MOST_HOURS))

    @api.depends("tier_id", "severity", "category_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        severities = dict(self._fields["severity"]._description_selection(self.env))
        for row in self:
            words = (
                row.tier_id.name,
                severities.get(row.severity),
                row.category_id.complete_name,
            )
            row.display_name = listed(row.env, filter(None, words)) or self.env._(
                "All complaints"
            )

    def _fitting(self, complaint, tier):
        """Return the row of these that decides for a complaint, or none."""
        fitting = self.filtered(lambda row: row._fits(complaint, tier))
        return max(fitting, key=lambda row: row._rank(self), default=self.browse())

    def _fits(self, complaint, tier):
        self.ensure_one()
        path = complaint.category_id.parent_path or ""
        own_path = self.category_id.parent_path
        return (
            self.company_id in (self.company_id.browse(), complaint.company_id)
            and self.tier_id in (self.tier_id.browse(), tier)
            and self.severity in (False, complaint.severity)
            and (not own_path or path.startswith(own_path))
        )

    def _rank(self, rows):
        """Return how specific the row is, for comparison among rows in order."""
        conditions = (self.tier_id, self.severity, self.category_id)
        return (
            sum(map(bool, conditions)),
            bool(self.company_id),
            bool(self.tier_id),
            bool(self.severity),
            self.category_id._depth(),
            -rows.ids.index(self.id),
        )
