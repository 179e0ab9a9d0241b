from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.called_records import check_records
from .classification_tag_kind import KINDS

LINK_STATES = [
    ("present", "Has the tag"),
    ("removed", "Taken away by a person"),
    ("displaced", "Gives way to another tag of its group"),
]


class ClassificationTagLink(models.Model):
    """Origin of each tag of a record.

    A tag without a row was given by a person before origins were kept. A *removed* row
    means that a person took the tag away: rules do not give it again.
    """

    _name = "classification.tag.link"
    _inherit = "classification.tag.row.mixin"
    _description = "Where a Tag Comes From"
    _order = "id desc"

    # Their unique indexes below serve as well.
    partner_tag_id = fields.Many2one(index=False)
    product_tag_id = fields.Many2one(index=False)
    campaign_tag_id = fields.Many2one(index=False)
    state = fields.Selection(LINK_STATES, required=True, readonly=True)

    _partner_unique = models.UniqueIndex(
        "(partner_tag_id, partner_id) WHERE partner_tag_id IS NOT NULL"
    )
    _product_unique = models.UniqueIndex(
        "(product_tag_id, product_tmpl_id) WHERE product_tag_id IS NOT NULL"
    )
    _campaign_unique = models.UniqueIndex(
        "(campaign_tag_id, campaign_id) WHERE campaign_tag_id IS NOT NULL"
    )
    # The few that rules have to leave alone, among the many that they made.
    _removed_index = models.Index("(kind) WHERE state <> 'present'")

    @api.model
    def _pairs(self, kind, side, ids):
        """``{(tag, record)}`` as the database has them: one query.

        :param side: ``tag`` or ``record``, of which the ids are
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT r.%s, r.%s FROM %s r WHERE r.%s = ANY(%s)",
                kind.tag,
                kind.record,
                kind.table,
                kind.tag if side == "tag" else kind.record,
                list(ids),
            )
        )
        return set(rows)

    @api.model
    def _conflicts(self, kind, groups=None, record_ids=None):
        """Return records with more than one tag of an exclusive group.

        ``[(record, group, [tags])]``: one query.

        :param groups: tags that are such groups, all by default
        :param record_ids: of which records, all by default
        """
        return self.env.execute_query(self._conflicts_query(kind, groups, record_ids))

    @api.model
    def _conflicts_query(self, kind, groups=None, record_ids=None):
        """Return the SQL of :meth:`_conflicts`."""
        return SQL(
            """
            SELECT r.%(record)s, t.parent_id, array_agg(t.id ORDER BY t.id)
              FROM %(relation)s r
              JOIN %(tags)s t ON t.id = r.%(tag)s
              JOIN %(tags)s g ON g.id = t.parent_id
             WHERE %(groups)s AND %(records)s
             GROUP BY r.%(record)s, t.parent_id
            HAVING count(*) > 1
             ORDER BY r.%(record)s, t.parent_id
            """,
            relation=kind.table,
            tags=kind.tag_table,
            record=kind.record,
            tag=kind.tag,
            groups=SQL("g.tag_is_exclusive")
            if groups is None
            else SQL("g.id = ANY(%s)", groups.ids),
            records=SQL("TRUE")
            if record_ids is None
            else SQL("r.%s = ANY(%s)", kind.record, list(record_ids)),
        )

    @api.model
    def _note(self, kind, added, removed, checked=()):
        """Record a change made by a person or an import: one query.

        :param added: pairs ``(tag, record)``
        :param removed: the same
        :param checked: ids of the records that may have only one tag of an exclusive
            group
        :return: those of them that have more, as :meth:`_conflicts` does
        """
        if not added and not removed:
            return []
        self.env.flush_all()
        pairs = [(*pair, False) for pair in sorted(removed)]
        pairs += [(*pair, True) for pair in sorted(added)]
        tags, records, are_added = map(list, zip(*pairs, strict=True))
        batch = self._batch_of_context()
        found = self.env.execute_query(
            SQL(
                _NOTE,
                tags=tags,
                records=records,
                are_added=are_added,
                tag=kind.tag_key,
                record=kind.record_key,
                kind=kind.name,
                origin="import" if self.env.context.get("import_file") else "person",
                uid=self.env.uid,
                batch=batch or None,
                conflicts=self._conflicts_query(kind, record_ids=checked),
            )
        )
        self.invalidate_model(flush=False)
        self.env["classification.tag.change"].invalidate_model(flush=False)
        return found

    @api.model
    def _batch_of_context(self):
        """Return the batch in which tags are changed, or None.

        It is a record, which no client can put into a context: otherwise an undo would
        take back changes from outside of that batch.
        """
        batch = self.env.context.get("tag_batch")
        return batch.id if isinstance(batch, models.BaseModel) else None

    @api.model
    def _check_may_tag(self, kind, domain):
        """Refuse to change tags of records that the caller may not write.

        One query.

        :param domain: finds the records
        :raises AccessError: there is one that the caller may not write
        """
        if self.env.su:
            return
        records = self.env[kind.model].with_context(active_test=False)
        rules = self.env["ir.rule"]._compute_domain(kind.model, "write")
        if records.has_access("write"):
            domain = Domain(domain) & ~Domain(rules)
        if records.sudo().search_count(Domain(domain), limit=1):
            raise AccessError(
                self.env._(
                    "Some %s that have these tags are not yours to change, so you "
                    "cannot give them tags or take tags away. Ask somebody who may "
                    "change all of them.",
                    self._record_words(kind),
                )
            )

    @api.model
    def _record_words(self, kind):
        kinds = self.env["classification.tag.batch"]._fields["kind"]
        return dict(kinds._description_selection(self.env))[kind.name].lower()

    @api.model
    def _write_pairs(self, kind, added, removed):
        """Give and take away tags: three queries for any number.

        :param added: pairs ``(tag, record)`` that are not there
        :param removed: pairs that are there
        """
        self.env.flush_all()
        names = {
            "relation": kind.table,
            "tag": kind.tag,
            "record": kind.record,
        }
        self._note(kind, added, removed)
        self.env.cr.execute(
            SQL(
                "DELETE FROM %(relation)s r USING %(pairs)s"
                " WHERE r.%(tag)s = pair.tag AND r.%(record)s = pair.record",
                pairs=self._pair_rows(removed),
                **names,
            )
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(relation)s (%(tag)s, %(record)s)"
                " SELECT pair.tag, pair.record FROM %(pairs)s ON CONFLICT DO NOTHING",
                pairs=self._pair_rows(added),
                **names,
            )
        )
        self.env[kind.model].invalidate_model([kind.field])
        self.env[kind.tag_model].invalidate_model([kind.inverse])

    def action_forget_removal(self):
        """Let rules give the tag again where a person took it away.

        Those who may change the record decide.
        """
        check_records(self)
        removed = self.filtered(lambda link: link.state == "removed")
        for kind in KINDS.values():
            if removed[kind.record_field]:
                removed[kind.record_field].check_access("write")
        removed.sudo().unlink()
        return {"type": "ir.actions.client", "tag": "soft_reload"}


# The history knows who had put a tag there that is taken away: both parts see the
# links before this statement.
_NOTE = """
    WITH pair AS (
        SELECT * FROM unnest(%(tags)s::int[], %(records)s::int[], %(are_added)s::bool[])
                      AS pair(tag, record, is_added)
    ), history AS (
        INSERT INTO classification_tag_change
               (kind, %(tag)s, %(record)s, action, origin, origin_before, user_id,
                batch_id, create_uid, write_uid, create_date, write_date)
        SELECT %(kind)s, pair.tag, pair.record,
               CASE WHEN pair.is_added THEN 'added' ELSE 'removed' END, %(origin)s,
               l.origin, %(uid)s, %(batch)s::int, %(uid)s, %(uid)s,
               now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
          FROM pair
          LEFT JOIN classification_tag_link l
            ON l.%(tag)s = pair.tag AND l.%(record)s = pair.record
           AND l.state = 'present'
         ORDER BY pair.is_added, pair.tag, pair.record
    ), link AS (
        INSERT INTO classification_tag_link
               (kind, %(tag)s, %(record)s, state, origin, user_id,
                create_uid, write_uid, create_date, write_date)
        SELECT %(kind)s, pair.tag, pair.record,
               CASE WHEN pair.is_added THEN 'present' ELSE 'removed' END, %(origin)s,
               %(uid)s, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC',
               now() AT TIME ZONE 'UTC'
          FROM pair
            ON CONFLICT (%(tag)s, %(record)s) WHERE %(tag)s IS NOT NULL
            DO UPDATE SET state = EXCLUDED.state, origin = EXCLUDED.origin,
               user_id = EXCLUDED.user_id, write_uid = EXCLUDED.write_uid,
               write_date = EXCLUDED.write_date
    )
    %(conflicts)s
"""
