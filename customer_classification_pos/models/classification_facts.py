from odoo import api, models


class ClassificationFacts(models.AbstractModel):
    """Asks the point of sale for purchases, too."""

    _inherit = "classification.facts"

    @api.model
    def _source_names(self, policy):
        return [*super()._source_names(policy), "classification.source.pos"]
