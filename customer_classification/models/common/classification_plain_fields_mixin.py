from odoo import api, models

# Where web clients offer a field by itself: filters, groups, order, exports, totals.
_OFFERS = ("searchable", "groupable", "sortable", "exportable")


class ClassificationPlainFieldsMixin(models.AbstractModel):
    """Records that offer people the fields that mean something to them.

    Colours, hashes and the bits of signals are there for views and runs. Developers
    find them in filters, groups and exports as any other field.
    """

    _name = "classification.plain.fields.mixin"
    _description = "Records Without Technical Fields in Filters and Exports"

    _technical_fields = frozenset()

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Offer technical fields to developers alone."""
        described = super().fields_get(allfields, attributes)
        if self.env.user.has_group("base.group_no_one"):
            return described
        for name in self._technical_fields & described.keys():
            field = described[name]
            field.update({offer: False for offer in _OFFERS if offer in field})
            field.pop("aggregator", None)
        return described
