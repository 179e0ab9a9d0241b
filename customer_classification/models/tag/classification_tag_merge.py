from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..common.called_records import check_one, without_defaults
from ..common.punctuation import labelled, listed
from .classification_tag_kind import KIND_OF_TAG_MODEL, KINDS


class ClassificationTagMerge(models.Model):
    """Tags that became one.

    Their records, the tags below them, and references to them follow. The merged tags
    are archived, so that the merge can be undone. An undo carries out the log, so no
    group may write it; the author of a draft chooses its tags, and no more.

    A merge goes as far as the rights of its author, who must have write access to all
    tagged records and to all that refer to the tags. Saved filters of others follow,
    too.
    """

    _name = "classification.tag.merge"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Merge of Tags"
    _order = "id desc"
    _protected_fields = frozenset({"kind", "state", "batch_id", "log"})

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        readonly=True,
        copy=False,
    )
    partner_tag_id = fields.Many2one(
        "res.partner.category", string="Into", ondelete="cascade"
    )
    product_tag_id = fields.Many2one(
        "product.tag", string="Into Product Tag", ondelete="cascade"
    )
    campaign_tag_id = fields.Many2one(
        "utm.tag", string="Into Campaign Tag", ondelete="cascade"
    )
    partner_tag_ids = fields.Many2many(
        "res.partner.category",
        "classification_tag_merge_partner_rel",
        string="Merge",
        context={"active_test": False},
    )
    product_tag_ids = fields.Many2many(
        "product.tag",
        "classification_tag_merge_product_rel",
        string="Merge Product Tags",
        context={"active_test": False},
    )
    campaign_tag_ids = fields.Many2many(
        "utm.tag",
        "classification_tag_merge_campaign_rel",
        string="Merge Campaign Tags",
        context={"active_test": False},
    )
    state = fields.Selection(
        [("draft", "To confirm"), ("done", "Merged"), ("undone", "Undone")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    reference_text = fields.Text(
        string="What Names Them", compute="_compute_reference_text"
    )
    batch_id = fields.Many2one("classification.tag.batch", readonly=True, copy=False)
    log = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)

    def _compute_display_name(self):
        for merge in self:
            merge.display_name = self.env._("Into %s", merge._into().display_name)

    def _into(self):
        return self[KINDS[self.kind].tag_field]

    def _from(self):
        tags = self.with_context(active_test=False)[f"{KINDS[self.kind].tag_field}s"]
        return tags.with_env(self.env) - self._into()

    @api.depends("kind", *(f"{kind.tag_field}s" for kind in KINDS.values()))
    def _compute_reference_text(self):
        for merge in self:
            references = self.env["classification.tag.reference"]
            lines = [
                labelled(merge.env, found.what, references._readable_name(found))
                for found in references.sudo()._of(merge._from())
            ]
            merge.reference_text = "\n".join(dict.fromkeys(lines)) or False

    @api.model
    def _open_for(self, tags):
        """Open a merge to confirm, into the tag that most have."""
        kind, tags = KIND_OF_TAG_MODEL[tags._name], tags.exists()
        self._check_may_merge(tags)
        if len(tags) < 2:
            raise UserError(self.env._("Choose two tags or more to merge."))
        into = tags.sorted("tag_record_count", reverse=True)[:1]
        merge = without_defaults(self.sudo()).create(
            {
                "kind": kind.name,
                kind.tag_field: into.id,
                f"{kind.tag_field}s": [(6, 0, tags.ids)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Tags"),
            "res_model": self._name,
            "res_id": merge.id,
            "view_mode": "form",
        }

    def write(self, vals):
        if not self.env.su:
            self._refuse_protected(self._protected_fields & set(vals))
            self._check_own_draft()
        return super().write(vals)

    def _check_own_draft(self):
        """Let only its author change a merge, and only before it is done."""
        if self.filtered(lambda merge: merge.state == "done"):
            raise UserError(self.env._("These tags are merged already."))
        for merge in self:
            if merge.create_uid != self.env.user and not self.env.su:
                raise AccessError(
                    self.env._(
                        "%s prepared this merge. Choose the tags again to merge them.",
                        merge.create_uid.name,
                    )
                )

    @api.model
    def _check_may_merge(self, tags):
        """Let officers merge tags that they may write."""
        tags._check_tag_makers()
        tags.check_access("write")

    def action_merge(self):
        """Merge the tags.

        Each tag takes a query for each model that may name it, and seven for all that
        carry it.
        """
        check_one(self)
        self.check_access("write")
        self._check_own_draft()
        kind, into, tags = KINDS[self.kind], self._into(), self._from()
        self._check_merge(into, tags)
        self._check_reach(kind, into, tags)
        own = self.sudo()
        own.batch_id = self.env["classification.tag.batch"]._start(kind, "merge")
        references, log = self.env["classification.tag.reference"].sudo(), []
        for tag in tags:
            log += self._repoint_rules(kind, tag, into)
            log += references._repoint(tag, into)
            log += self._move_children(tag, into)
            self._move_records(kind, tag, into)
        tags.active = False
        own.write({"state": "done", "log": log})
        self._refresh(kind)

    def _check_reach(self, kind, into, tags):
        """Refuse changes beyond the caller's write access, before any is made."""
        self._check_may_merge(into | tags)
        references = self.env["classification.tag.reference"]
        found = references.sudo()._to_repoint(tags)
        references._check_may_repoint(
            [reference.record for reference in found]
            + list(tags.sudo().with_context(active_test=False).tag_rule_ids)
        )
        self.env["classification.tag.link"]._check_may_tag(
            kind, [(kind.field, "in", tags.ids)]
        )

    def _check_merge(self, into, tags):
        if not into or not tags:
            raise UserError(self.env._("Choose the tags, and the one that stays."))
        inside = tags.filtered(lambda tag: into.parent_path.startswith(tag.parent_path))
        if inside:
            raise UserError(
                self.env._(
                    "“%(into)s” stands below “%(tag)s”. Merge into the upper one, or "
                    "move the lower one first.",
                    into=into.name,
                    tag=inside[0].name,
                )
            )

    def _repoint_rules(self, kind, tag, into):
        """Let the rules of a tag keep the other one.

        Records that match any of them have it.
        """
        rules = tag.sudo().with_context(active_test=False).tag_rule_ids
        log = [
            {
                "model": rule._name,
                "id": rule.id,
                "field": kind.tag_field,
                "old": tag.id,
                "new": into.id,
            }
            for rule in rules
        ]
        for rule in rules:
            rule.write({kind.tag_field: into.id, "state": rule.state})
        return log

    def _move_children(self, tag, into):
        children = tag.with_context(active_test=False).child_ids
        log = [
            {
                "model": tag._name,
                "id": child.id,
                "field": "parent_id",
                "old": tag.id,
                "new": into.id,
            }
            for child in children
        ]
        children.parent_id = into
        return log

    def _move_records(self, kind, tag, into):
        """Replace the tag on its records, with its origin."""
        self.env.flush_all()
        for statement in (_KEEP_HISTORY, _MOVE_LINKS, _DROP_LINKS, _GIVE, _TAKE):
            self.env.cr.execute(
                SQL(
                    statement,
                    kind=kind.name,
                    relation=kind.table,
                    rel_tag=kind.tag,
                    rel_record=kind.record,
                    tag=kind.tag_key,
                    record=kind.record_key,
                    old=tag.id,
                    new=into.id,
                    uid=self.env.uid,
                    batch=self.batch_id.id,
                    now=SQL("now() AT TIME ZONE 'UTC'"),
                )
            )
        self._check_groups(kind, into)

    def _check_groups(self, kind, into):
        links = self.env["classification.tag.link"]
        if into.parent_id.tag_is_exclusive and links._conflicts(
            kind, groups=into.parent_id
        ):
            raise UserError(
                self.env._(
                    "Some would have two tags of “%s”, of which there is only one. "
                    "Merge tags of the same group first.",
                    into.parent_id.name,
                )
            )

    def _check_may_undo(self, kind, into, tags):
        """Check the rights to undo the merge: those for its batch and its tags."""
        self._check_may_merge(into | tags)
        if not self.batch_id:
            raise UserError(self.env._("There is nothing to undo."))
        self.batch_id._check_may_undo()
        strange = [
            ("batch_id", "=", self.batch_id.id),
            (kind.tag_field, "not in", (into | tags).ids),
        ]
        changes = self.env["classification.tag.change"].sudo()
        if self.batch_id.mode != "merge" or changes.search_count(strange, limit=1):
            raise UserError(
                self.env._(
                    "What this merge kept for its undo is not what a merge of these "
                    "tags does. Nothing was undone."
                )
            )

    def action_undo(self):
        """Take the merge back.

        References to the tags, the tags below them and their records are restored;
        later changes are kept.
        """
        check_one(self)
        if self.state != "done":
            raise UserError(self.env._("There is nothing to undo."))
        kind, into, tags = KINDS[self.kind], self._into(), self._from()
        self._check_may_undo(kind, into, tags)
        references = self.env["classification.tag.reference"]
        tags.active = True
        left = references._restore(self.sudo().log or [], tags, into)
        self.batch_id.sudo()._undo()
        self.sudo().state = "undone"
        self._refresh(kind)
        message = self.env._("The merge is undone.")
        if left:
            message = self.env._(
                "The merge is undone. Changed since, and left as they are: %s.",
                listed(self.env, left),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "warning" if left else "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _refresh(self, kind):
        self.env.invalidate_all()
        self.env[kind.tag_model]._refresh_usage()


_KEEP_HISTORY = """
INSERT INTO classification_tag_change
       (kind, %(tag)s, %(record)s, action, origin, origin_before, user_id, batch_id,
        create_uid, write_uid, create_date, write_date)
SELECT %(kind)s, t.id, r.%(rel_record)s, CASE t.id WHEN %(old)s THEN 'removed'
       ELSE 'added' END, 'person', l.origin, %(uid)s, %(batch)s, %(uid)s, %(uid)s,
       %(now)s, %(now)s
  FROM %(relation)s r
 CROSS JOIN unnest(ARRAY[%(old)s, %(new)s]) t(id)
  LEFT JOIN classification_tag_link l
    ON l.%(tag)s = %(old)s AND l.%(record)s = r.%(rel_record)s AND l.state = 'present'
 WHERE r.%(rel_tag)s = %(old)s AND (t.id = %(old)s OR NOT EXISTS (
       SELECT FROM %(relation)s has
        WHERE has.%(rel_record)s = r.%(rel_record)s AND has.%(rel_tag)s = %(new)s))
"""
_MOVE_LINKS = """
UPDATE classification_tag_link l SET %(tag)s = %(new)s
 WHERE l.%(tag)s = %(old)s AND NOT EXISTS (
       SELECT FROM classification_tag_link other
        WHERE other.%(tag)s = %(new)s AND other.%(record)s = l.%(record)s)
"""
_DROP_LINKS = """
DELETE FROM classification_tag_link l
 WHERE l.%(tag)s = %(old)s OR l.%(tag)s = %(new)s AND l.state = 'removed' AND EXISTS (
       SELECT FROM %(relation)s r
        WHERE r.%(rel_tag)s = %(old)s AND r.%(rel_record)s = l.%(record)s)
"""
_GIVE = """
INSERT INTO %(relation)s (%(rel_tag)s, %(rel_record)s)
SELECT %(new)s, r.%(rel_record)s FROM %(relation)s r WHERE r.%(rel_tag)s = %(old)s
    ON CONFLICT DO NOTHING
"""
_TAKE = "DELETE FROM %(relation)s r WHERE r.%(rel_tag)s = %(old)s"
