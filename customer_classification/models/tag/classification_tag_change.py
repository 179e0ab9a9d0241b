from odoo import api, fields, models
from odoo.tools import SQL

ACTIONS = [("added", "Given"), ("removed", "Taken away")]


class ClassificationTagChange(models.Model):
    """History of tags: given or taken away, when, and by whom.

    Append-only: ``classification.tag.link`` adds the rows with its own.
    """

    _name = "classification.tag.change"
    _inherit = "classification.tag.row.mixin"
    _description = "Change of a Tag"
    _order = "id desc"

    action = fields.Selection(ACTIONS, required=True, readonly=True)
    batch_id = fields.Many2one(
        "classification.tag.batch",
        string="Together With",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
    )
    origin_before = fields.Char(
        readonly=True, help="Who had put the tag there that was taken away."
    )

    @api.model
    def _members_as_of(self, kind, tag_ids, moment):
        """Return ids of the records with one of these tags at a moment (UTC).

        The current ones, without those given since and with those taken away since. One
        query.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(r.tag, c.tag), COALESCE(r.record, c.record)
                  FROM (SELECT %(rel_tag)s AS tag, %(rel_record)s AS record
                          FROM %(relation)s WHERE %(rel_tag)s = ANY(%(tags)s)) r
                  FULL JOIN (
                        SELECT DISTINCT ON (%(tag)s, %(record)s)
                               %(tag)s AS tag, %(record)s AS record, action
                          FROM classification_tag_change
                         WHERE %(tag)s = ANY(%(tags)s) AND create_date > %(moment)s
                         ORDER BY %(tag)s, %(record)s, id) c
                    ON c.tag = r.tag AND c.record = r.record
                 WHERE COALESCE(c.action, 'removed') = 'removed'
                """,
                rel_tag=kind.tag,
                rel_record=kind.record,
                relation=kind.table,
                tag=kind.tag_key,
                record=kind.record_key,
                tags=list(tag_ids),
                moment=moment,
            )
        )
        return {record for __, record in rows}
