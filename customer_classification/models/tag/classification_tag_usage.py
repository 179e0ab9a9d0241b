from odoo import api, fields, models
from odoo.tools import SQL


class ClassificationTagUsage(models.Model):
    """Daily number of records with a tag: its trend."""

    _name = "classification.tag.usage"
    _description = "Use of a Tag over Time"
    _order = "date desc, id desc"

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        readonly=True,
    )
    partner_tag_id = fields.Many2one(
        "res.partner.category",
        string="Contact Tag",
        ondelete="cascade",
        index="btree_not_null",
    )
    product_tag_id = fields.Many2one(
        "product.tag", ondelete="cascade", index="btree_not_null"
    )
    campaign_tag_id = fields.Many2one(
        "utm.tag", ondelete="cascade", index="btree_not_null"
    )
    date = fields.Date(required=True, index=True)
    record_count = fields.Integer(string="Tagged", aggregator="max")

    @api.model
    def _take(self, kind):
        """Write down the counts of today: one query."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH today AS (
                    DELETE FROM classification_tag_usage
                     WHERE kind = %(kind)s AND date = %(day)s
                )
                INSERT INTO classification_tag_usage
                       (kind, %(tag)s, date, record_count, create_uid, write_uid,
                        create_date, write_date)
                SELECT %(kind)s, t.id, %(day)s, t.tag_record_count, %(uid)s, %(uid)s,
                       now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM %(tags)s t
                 WHERE t.active
                """,
                kind=kind.name,
                day=fields.Date.today(),
                tag=kind.tag_key,
                uid=self.env.uid,
                tags=kind.tag_table,
            )
        )
        self.invalidate_model()
