from odoo import fields, models


class ResCountryGroup(models.Model):
    """Groups of countries overlap; as the region of a customer, one counts."""

    _inherit = "res.country.group"

    customer_region_sequence = fields.Integer(
        string="Sequence as Region",
        default=10,
        help="The region of a customer is the group with the lowest number among those "
        "of its country, and among equal ones the oldest.",
        aggregator=None,
    )

    def _as_region(self):
        """The one among these groups that counts as the region."""
        return self.sorted(lambda group: (group.customer_region_sequence, group.id))[:1]
