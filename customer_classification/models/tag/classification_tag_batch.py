from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..common.called_records import check_one, without_defaults
from .classification_tag_kind import KINDS
from .classification_tag_mixin import OFFICER_GROUP


class ClassificationTagBatch(models.Model):
    """Tags given or taken away from many at once, to undo together.

    An undo carries out the rows of a batch, so no group may create or write it.
    """

    _name = "classification.tag.batch"
    _description = "Tags Changed Together"
    _order = "id desc"

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        readonly=True,
    )
    mode = fields.Selection(
        [
            ("add", "Give"),
            ("remove", "Take away"),
            ("replace", "Replace all"),
            ("merge", "Merge"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [("done", "Done"), ("undone", "Undone")],
        default="done",
        required=True,
        readonly=True,
    )
    tag_text = fields.Char(string="Tags", readonly=True)
    change_ids = fields.One2many("classification.tag.change", "batch_id", readonly=True)
    added_count = fields.Integer(string="Given", compute="_compute_counts")
    removed_count = fields.Integer(string="Taken Away", compute="_compute_counts")

    @api.depends("kind", "mode", "tag_text")
    def _compute_display_name(self):
        modes = dict(self._fields["mode"]._description_selection(self.env))
        for batch in self:
            batch.display_name = " ".join(
                filter(None, (modes[batch.mode], batch.tag_text))
            )

    @api.depends("change_ids")
    def _compute_counts(self):
        """One query."""
        counts = {
            (batch.id, action): number
            for batch, action, number in self.env[
                "classification.tag.change"
            ]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id", "action"], ["__count"]
            )
        }
        for batch in self:
            batch.added_count = counts.get((batch.id, "added"), 0)
            batch.removed_count = counts.get((batch.id, "removed"), 0)

    @api.model
    def _start(self, kind, mode, tag_text=False):
        """Return a new batch.

        Default values of the context, which clients fill, are ignored.
        """
        return without_defaults(self.sudo()).create(
            {"kind": kind.name, "mode": mode, "state": "done", "tag_text": tag_text}
        )

    def _notification(self):
        """Return a message on the result, with a way to undo it."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Tags given: %(added)s, taken away: %(removed)s. See or undo: %%s",
                    added=self.added_count,
                    removed=self.removed_count,
                ),
                "links": [
                    {
                        "label": self.env._("Tags Changed Together"),
                        "url": f"/odoo/classification-tag-batches/{self.id}",
                    }
                ],
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_open_changes(self):
        """Open the records that were given or lost a tag."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_tag_change_action"
        )
        action["domain"] = [("batch_id", "=", self.id)]
        return action

    def action_undo(self):
        """Undo this batch.

        Tags that were changed again since are left alone.
        """
        check_one(self)
        self._check_may_undo()
        if self.state == "undone":
            raise UserError(self.env._("This has been undone already."))
        if self.mode == "merge":
            return self._merge().action_undo()
        self.sudo()._undo()
        self.env[KINDS[self.kind].tag_model].sudo()._refresh_usage()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _merge(self):
        """Return the merge that this batch is part of."""
        merge = self.env["classification.tag.merge"].search(
            [("batch_id", "=", self.id)], limit=1
        )
        if not merge:
            raise UserError(self.env._("The merge is not kept any more."))
        return merge

    def _check_may_undo(self):
        """Refuse users other than the author and officers.

        And those who may not change the records: two queries.
        """
        self.check_access("read")
        kind = KINDS[self.kind]
        self.env[kind.model].browse().check_access("write")
        self.env["classification.tag.link"]._check_may_tag(
            kind, [("id", "in", self._record_ids(kind))]
        )
        if self.create_uid != self.env.user and not self.env.user.has_group(
            OFFICER_GROUP
        ):
            raise AccessError(
                self.env._("Only %s or an officer can undo this.", self.create_uid.name)
            )

    def _record_ids(self, kind):
        self.env["classification.tag.change"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT %s FROM classification_tag_change WHERE batch_id = %s",
                kind.record_key,
                self.id,
            )
        )
        return [record for (record,) in rows if record]

    def _undo(self):
        """Undo the batch.

        Six queries, whatever the number of records.
        """
        kind = KINDS[self.kind]
        self.env.flush_all()
        for statement in (_TAKE_BACK, _GIVE_BACK):
            self.env.cr.execute(
                SQL(
                    statement,
                    kind=kind.name,
                    relation=kind.table,
                    rel_tag=kind.tag,
                    rel_record=kind.record,
                    tag=kind.tag_key,
                    record=kind.record_key,
                    uid=self.env.uid,
                    batch=self.id,
                    now=SQL("now() AT TIME ZONE 'UTC'"),
                )
            )
        self.state = "undone"
        self.env.invalidate_all()


# The change of a batch that is still the last one of its tag and record.
_LAST = """
    SELECT c.%(tag)s AS tag, c.%(record)s AS record, c.origin_before
      FROM classification_tag_change c
     WHERE c.batch_id = %(batch)s AND c.action = '{action}' AND NOT EXISTS (
           SELECT FROM classification_tag_change later
            WHERE later.%(tag)s = c.%(tag)s AND later.%(record)s = c.%(record)s
              AND later.id > c.id)
"""
_APPEND = """
INSERT INTO classification_tag_change
       (kind, %(tag)s, %(record)s, action, origin, user_id, create_uid, write_uid,
        create_date, write_date)
SELECT %(kind)s, tag, record, '{action}', 'person', %(uid)s, %(uid)s, %(uid)s, %(now)s,
       %(now)s
  FROM last
"""
_TAKE_BACK = f"""
WITH last AS ({_LAST.format(action="added")}), taken AS (
    DELETE FROM %(relation)s r USING last
     WHERE r.%(rel_tag)s = last.tag AND r.%(rel_record)s = last.record
), forgotten AS (
    DELETE FROM classification_tag_link l USING last
     WHERE l.%(tag)s = last.tag AND l.%(record)s = last.record
)
{_APPEND.format(action="removed")}
"""
_GIVE_BACK = f"""
WITH last AS ({_LAST.format(action="removed")}), given AS (
    INSERT INTO %(relation)s (%(rel_tag)s, %(rel_record)s)
    SELECT tag, record FROM last
        ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM classification_tag_link l USING last
     WHERE l.%(tag)s = last.tag AND l.%(record)s = last.record
       AND last.origin_before IS NULL
), linked AS (
    INSERT INTO classification_tag_link
           (kind, %(tag)s, %(record)s, state, origin, create_uid, write_uid,
            create_date, write_date)
    SELECT %(kind)s, tag, record, 'present', origin_before, %(uid)s, %(uid)s, %(now)s,
           %(now)s
      FROM last
     WHERE origin_before IS NOT NULL
        ON CONFLICT (%(tag)s, %(record)s) WHERE %(tag)s IS NOT NULL
        DO UPDATE SET state = 'present', origin = EXCLUDED.origin,
           write_date = EXCLUDED.write_date
)
{_APPEND.format(action="added")}
"""
