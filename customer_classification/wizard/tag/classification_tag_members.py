from datetime import date, datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.common.arguments import as_ids
from ...models.common.called_records import check_one
from ...models.common.punctuation import listed
from ...models.tag.classification_tag_kind import KIND_OF_TAG_MODEL, KINDS

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)


class ClassificationTagMembers(models.TransientModel):
    """Records with a tag, or one below it, at the end of a day."""

    _name = "classification.tag.members"
    _inherit = "classification.bounds.mixin"
    _description = "Members of a Tag on a Day"

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        default="partner",
        string="Tags",
    )
    partner_tag_ids = fields.Many2many("res.partner.category", string="Contact Tags")
    product_tag_ids = fields.Many2many("product.tag", string="Product Tags")
    campaign_tag_ids = fields.Many2many("utm.tag", string="Campaign Tags")
    date = fields.Date(
        string="At the End Of",
        required=True,
        default=fields.Date.context_today,
        help="Tags that were given before they were followed count from the beginning.",
    )

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        model = self.env.context.get("active_model")
        if isinstance(model, str) and model in KIND_OF_TAG_MODEL:
            kind = KIND_OF_TAG_MODEL[model]
            ids = as_ids(self.env, model, self.env.context.get("active_ids") or [])
            values.update({"kind": kind.name, f"{kind.tag_field}s": [(6, 0, ids)]})
        return values

    def action_open(self):
        """Open the records with one of the tags that the user may see.

        Three queries.
        """
        check_one(self)
        kind = KINDS[self.kind]
        tags = self.env[kind.tag_model].with_context(active_test=False)
        chosen = self[f"{kind.tag_field}s"]
        chosen.check_access("read")
        below = tags.search([("id", "child_of", chosen.ids)]).ids
        had = self.env["classification.tag.change"]._members_as_of(
            kind, below, self._end_of_day()
        )
        records = self.env[kind.model].with_context(active_test=False)
        found = records.search([("id", "in", sorted(had))]).ids
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "%(tags)s on %(day)s",
                tags=listed(self.env, chosen.mapped("name")),
                day=fields.Date.to_string(self.date),
            ),
            "res_model": kind.model,
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", sorted(found))],
            "context": {"active_test": False},
        }

    def _end_of_day(self):
        """Return the last moment (UTC) of the day where the user is."""
        if not FIRST_DAY <= self.date <= LAST_DAY:
            raise UserError(self.env._("Choose a day from 1970 to 2999."))
        zone = pytz.timezone(self.env.user.tz or "UTC")
        midnight = datetime.combine(self.date + timedelta(1), time())
        return zone.localize(midnight).astimezone(pytz.utc).replace(tzinfo=None)
