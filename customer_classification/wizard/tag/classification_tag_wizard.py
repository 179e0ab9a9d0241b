import ast

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...models.common.arguments import as_ids
from ...models.common.called_records import check_one
from ...models.common.punctuation import listed
from ...models.tag.classification_tag_kind import KIND_OF_MODEL, KINDS

# Errors raised by texts that are not conditions.
UNREADABLE = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
UNREADABLE += (KeyError, AttributeError, OverflowError, NotImplementedError)


class ClassificationTagWizard(models.TransientModel):
    """Give, take away or replace tags of many records at once.

    On a selection or on the result of a filter, after a preview.
    """

    _name = "classification.tag.wizard"
    _inherit = "classification.bounds.mixin"
    _description = "Tag Many at Once"

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        readonly=True,
    )
    mode = fields.Selection(
        [("add", "Give"), ("remove", "Take away"), ("replace", "Replace all by")],
        required=True,
        default="add",
        string="Do",
    )
    partner_tag_ids = fields.Many2many("res.partner.category", string="Tags")
    product_tag_ids = fields.Many2many("product.tag", string="Product Tags")
    campaign_tag_ids = fields.Many2many("utm.tag", string="Campaign Tags")
    selection = fields.Selection(
        [("selected", "The selected ones"), ("filter", "All that a filter finds")],
        required=True,
        default="selected",
        string="Of",
    )
    model_name = fields.Char(compute="_compute_model_name")
    domain = fields.Char(default="[]")
    record_count = fields.Integer(string="Records", compute="_compute_counts")
    added_count = fields.Integer(string="Tags Given", compute="_compute_counts")
    removed_count = fields.Integer(string="Tags Taken Away", compute="_compute_counts")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        active_model = self.env.context.get("active_model")
        if isinstance(active_model, str) and active_model in KIND_OF_MODEL:
            values["kind"] = KIND_OF_MODEL[active_model].name
        if "kind" in names and not values.get("kind"):
            raise UserError(
                self.env._(
                    "Select the contacts, products or campaigns in their list first."
                )
            )
        return values

    @api.depends("kind")
    def _compute_model_name(self):
        for wizard in self:
            wizard.model_name = KINDS[wizard.kind].model if wizard.kind else False

    @api.depends(
        *("kind", "mode", "selection", "domain"),
        *(f"{kind.tag_field}s" for kind in KINDS.values()),
    )
    def _compute_counts(self):
        """Two queries."""
        for wizard in self:
            added, removed = wizard._pairs()
            wizard.record_count = len(wizard.kind and wizard._records() or ())
            wizard.added_count, wizard.removed_count = len(added), len(removed)

    def _tags(self):
        return self[f"{KINDS[self.kind].tag_field}s"]._origin

    def _records(self):
        """Return the records to tag; the user may read all of them."""
        model = self.env[KINDS[self.kind].model]
        if self.selection == "filter":
            return self._filtered(model)
        if self.env.context.get("active_model") != model._name:
            return model
        ids = self.env.context.get("active_ids") or []
        return model.browse(as_ids(self.env, model._name, ids))

    def _filtered(self, model):
        try:
            return model.search(Domain(ast.literal_eval(self.domain or "[]")))
        except (*UNREADABLE, psycopg2.DataError) as error:
            raise UserError(
                self.env._("This filter cannot be read. Choose another condition.")
            ) from error

    def _pairs(self):
        """Return ``(added, removed)``: the changes, as pairs of tag and record."""
        if not self.kind:
            return set(), set()
        records, tags = self._records(), self._tags()
        tags.check_access("read")
        tags = set(tags.ids)
        has = self.env["classification.tag.link"]._pairs(
            KINDS[self.kind], "record", records.ids
        )
        wanted = {(tag, record) for tag in tags for record in records.ids}
        if self.mode == "remove":
            return set(), has & wanted
        return wanted - has, (has - wanted) if self.mode == "replace" else set()

    def action_apply(self):
        """Apply the change, in as many queries for many as for one.

        Unless an automation watches the records.
        """
        check_one(self)
        kind, tags, records = KINDS[self.kind], self._tags(), self._records()
        if not tags and self.mode != "replace":
            raise UserError(self.env._("Choose a tag."))
        if not records:
            raise UserError(
                self.env._("There is nothing to tag: the selection is empty.")
            )
        records.check_access("write")
        added, removed = self._pairs()
        batch = self.env["classification.tag.batch"]._start(
            kind, self.mode, listed(self.env, tags.mapped("display_name"))
        )
        links = self.env["classification.tag.link"].with_context(tag_batch=batch)
        if self._is_watched():
            self._write_as_odoo_does(kind, tags, records, batch)
        else:
            links.sudo()._write_pairs(kind, added, removed)
            kind_records = records.browse({record for __, record in added})
            kind_records._check_exclusive_tags()
        self.env[kind.tag_model].sudo()._refresh_usage()
        return batch._notification()

    def _is_watched(self):
        """Return whether an automation watches these records.

        It only notices writes through Odoo.
        """
        if "base.automation" not in self.env:
            return False
        automations = self.env["base.automation"].sudo()
        domain = [("model_id.model", "=", KINDS[self.kind].model)]
        return bool(automations.search_count(domain, limit=1))

    def _write_as_odoo_does(self, kind, tags, records, batch):
        command = {"add": 4, "remove": 3}.get(self.mode)
        commands = (
            [(command, tag) for tag in tags.ids] if command else [(6, 0, tags.ids)]
        )
        records.with_context(tag_batch=batch).write({kind.field: commands})
