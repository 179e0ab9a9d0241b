from odoo import api, fields, models
from odoo.tools import SQL

from ..common.called_records import check_one
from ..common.punctuation import labelled
from .classification_tag_kind import KINDS

ORIGINS = [("person", "A person"), ("rule", "A rule"), ("import", "An import")]


class ClassificationTagRowMixin(models.AbstractModel):
    """A row about one tag on one contact, product or campaign.

    One pair of columns for each of the three, so that the subject of a row is a real
    reference: it opens, is searched by name, and is deleted with the record.
    """

    _name = "classification.tag.row.mixin"
    _description = "Row about a Tag on a Record"

    kind = fields.Selection(
        [("partner", "Contact"), ("product", "Product"), ("campaign", "Campaign")],
        required=True,
        readonly=True,
    )
    partner_tag_id = fields.Many2one(
        "res.partner.category",
        string="Contact Tag",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
    )
    product_tag_id = fields.Many2one(
        "product.tag", ondelete="cascade", index="btree_not_null", readonly=True
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
    )
    campaign_tag_id = fields.Many2one(
        "utm.tag", ondelete="cascade", index="btree_not_null", readonly=True
    )
    campaign_id = fields.Many2one(
        "utm.campaign", ondelete="cascade", index="btree_not_null", readonly=True
    )
    tag_name = fields.Char(string="Tag", compute="_compute_names")
    record_name = fields.Char(string="On", compute="_compute_names")
    origin = fields.Selection(ORIGINS, string="By", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Person", ondelete="set null", readonly=True
    )

    @api.depends("kind")
    def _compute_names(self):
        for row in self:
            kind = KINDS[row.kind]
            row.tag_name = row[kind.tag_field].display_name
            row.record_name = row[kind.record_field].display_name

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for row in self:
            row.display_name = labelled(row.env, row.record_name, row.tag_name)

    def action_open_record(self):
        """Open the contact, product or campaign that the row is about."""
        check_one(self)
        record = self[KINDS[self.kind].record_field]
        return record.get_formview_action()

    @api.model
    def _pair_rows(self, pairs):
        """SQL of pairs as a table of two columns, ``tag`` and ``record``."""
        pairs = sorted(pairs)
        return SQL(
            "unnest(%s::int[], %s::int[]) AS pair(tag, record)",
            [tag for tag, __ in pairs],
            [record for __, record in pairs],
        )
