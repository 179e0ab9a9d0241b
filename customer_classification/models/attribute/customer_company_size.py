from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...copy_frames import TOO_LARGE

SIZE_SELECTION = [
    ("micro", "Micro"),
    ("small", "Small"),
    ("medium", "Medium"),
    ("large", "Large"),
]


class CustomerCompanySize(models.Model):
    """A company size with its highest number of employees and turnover.

    The four sizes are fixed; their names and limits are yours. As shipped, they are the
    headcount and turnover ceilings of the European Commission's recommendation
    2003/361/EC. The last size has no limits: it takes all companies beyond the others.
    """

    _name = "customer.company.size"
    _inherit = "classification.bounds.mixin"
    _description = "Company Size"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    size = fields.Selection(SIZE_SELECTION, required=True, readonly=True)
    sequence = fields.Integer(default=10, readonly=True)
    employee_limit = fields.Integer(
        string="Fewer Employees Than",
        help="0 for the last size, which has no limit.",
        aggregator=None,
    )
    turnover_limit = fields.Monetary(
        string="Turnover Up To",
        help="Yearly, in the currency beside it; 0 for the last size.",
        aggregator=None,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    code_letters = fields.Char(
        string="Letters in Codes",
        help="What stands for this size in customer codes.",
    )

    _size_unique = models.Constraint("UNIQUE(size)", "Each company size exists once.")

    @api.model
    def _bounds(self):
        return {
            "employee_limit": (0, 100_000_000),
            "turnover_limit": (0, TOO_LARGE),
            "code_letters": (0, 20),
        }

    @api.model
    def _all(self):
        """The sizes, smallest first: one query."""
        return self.sudo().search([("size", "!=", False)])

    @api.constrains("employee_limit", "turnover_limit", "currency_id", "sequence")
    def _check_limits(self):
        """Limits rise from size to size, in one currency: else a size is empty."""
        sizes = self._all()
        limited = sizes[:-1]
        if any(one.employee_limit <= 0 or one.turnover_limit <= 0 for one in limited):
            raise ValidationError(
                self.env._("Every company size but the last needs limits above zero.")
            )
        for lower, upper in pairwise(limited):
            if (
                lower.employee_limit >= upper.employee_limit
                or lower.turnover_limit >= upper.turnover_limit
            ):
                raise ValidationError(
                    self.env._(
                        "The limits must rise: those of %(upper)s must be above those "
                        "of %(lower)s.",
                        upper=upper.name,
                        lower=lower.name,
                    )
                )
        if len(sizes.currency_id) > 1:
            raise ValidationError(
                self.env._("All company sizes must have their limits in one currency.")
            )

    def write(self, vals):
        """Sizes follow their limits at once, for every contact with a number."""
        result = super().write(vals)
        if {"employee_limit", "turnover_limit", "currency_id"} & set(vals):
            self.env["res.partner"]._recompute_customer_company_size()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_uninstall(self):
        raise UserError(
            self.env._(
                "The company sizes are fixed. You can rename them and change their "
                "limits."
            )
        )

    def _size_of(self, employees, turnover):
        """Return the larger of the sizes by employees and by turnover.

        The turnover is in the currency of the limits. 0 means unknown; False is
        returned where neither is known.
        """
        places = []
        if employees > 0:
            places.append([employees < size.employee_limit for size in self])
        if turnover > 0:
            places.append([turnover <= size.turnover_limit for size in self])
        if not (places and self):
            return False
        last = len(self) - 1
        return self[max((*within[:last], True).index(True) for within in places)].size
