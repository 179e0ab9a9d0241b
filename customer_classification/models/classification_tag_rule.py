from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .called_records import check_one, check_records
from .classification_condition import Condition
from .classification_tag_kind import KINDS
from .customer_profile import MONEY_GROUP
from .profiling import MAY_BE_PROFILED, NOT_OBJECTING

WHAT_IT_SAYS = frozenset(
    ("kind", "partner_tag_id", "product_tag_id", "campaign_tag_id", "domain")
    + ("company_id",)
)


class ClassificationTagRule(models.Model):
    """A condition that keeps a tag: who meets it has the tag, who does not loses it.

    A rule takes away only what a rule gave, and does not give again what a person took
    away. It is drafted, looked at in a preview, and then switched on. Its condition
    finds what its responsible may read: who wrote it, or switched it on last.
    """

    _name = "classification.tag.rule"
    _inherit = [
        "classification.bounds.mixin",
        "classification.condition.mixin",
        "classification.protected.mixin",
    ]
    _description = "Rule of a Smart Tag"
    _order = "kind, partner_tag_id, product_tag_id, campaign_tag_id, id"
    _rec_names_search = ["partner_tag_id", "product_tag_id", "campaign_tag_id"]
    _condition_texts = ("domain",)
    _condition_fields = WHAT_IT_SAYS
    _protected_fields = frozenset(
        ("state", "error", "last_run_date", "matched_count", "readers")
        + ("preview_date", "preview_user_id", "preview_matched", "preview_added")
        + ("preview_removed", "preview_kept_off", "preview_revenue", "responsible_id")
    )

    name = fields.Char(compute="_compute_name", search="_search_name")
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        default="partner",
        string="Tags",
    )
    model_name = fields.Char(compute="_compute_model_name")
    partner_tag_id = fields.Many2one(
        "res.partner.category", string="Contact Tag", ondelete="cascade", index=True
    )
    product_tag_id = fields.Many2one("product.tag", ondelete="cascade", index=True)
    campaign_tag_id = fields.Many2one("utm.tag", ondelete="cascade", index=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        help="Whose classes and numbers the condition looks at.",
    )
    domain = fields.Char(
        string="Condition",
        default="[]",
        required=True,
        help="Fields of the record, its classes and numbers, other tags, and dates "
        "such as “today -30d”.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        index=True,
        help="Who wrote the condition, or switched it on last. It finds what this "
        "person may read.",
    )
    readers = fields.Selection(
        [
            ("all", "Everybody"),
            ("amounts", "Who Sees Amounts"),
            ("own", "The Responsible"),
        ],
        string="Shown To",
        compute="_compute_readers",
        store=True,
        copy=False,
        help="Who may read all that the condition asks for.",
    )
    note = fields.Text(
        string="What It Means", translate=True, help="For people who meet the tag."
    )
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running")],
        default="draft",
        required=True,
        copy=False,
        readonly=True,
    )
    error = fields.Char(
        string="Why It Rests",
        readonly=True,
        copy=False,
        help="A rule that cannot be read gives and takes nothing.",
    )
    last_run_date = fields.Datetime(string="Last Run", readonly=True, copy=False)
    matched_count = fields.Integer(
        string="Matched", readonly=True, copy=False, aggregator=None
    )
    preview_date = fields.Datetime(string="Preview Of", readonly=True, copy=False)
    preview_user_id = fields.Many2one(
        "res.users",
        string="Seen With the Rights Of",
        readonly=True,
        copy=False,
    )
    preview_matched = fields.Integer(
        string="Would Match", readonly=True, copy=False, aggregator=None
    )
    preview_added = fields.Integer(
        string="Would Get It", readonly=True, copy=False, aggregator=None
    )
    preview_removed = fields.Integer(
        string="Would Lose It", readonly=True, copy=False, aggregator=None
    )
    preview_kept_off = fields.Integer(
        string="Left Alone",
        readonly=True,
        copy=False,
        help="They match, but a person took the tag away.",
        aggregator=None,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    preview_revenue = fields.Monetary(
        string="Revenue of Who Matches",
        readonly=True,
        copy=False,
        groups=MONEY_GROUP,
        aggregator=None,
    )

    @api.depends(
        "kind",
        "partner_tag_id.display_name",
        "product_tag_id.display_name",
        "campaign_tag_id.display_name",
    )
    @api.depends_context("lang")
    def _compute_name(self):
        """The name of the tag, in the language of who reads."""
        for rule in self:
            rule.name = rule._tag().display_name or self.env._("No tag yet")

    def _search_name(self, operator, value):
        """As it is shown, with what is said where no tag is chosen: rules are few, and
        their names are read by two queries."""
        rules = self.with_context(active_test=False).search([("kind", "!=", False)])
        found = rules.filtered_domain([("name", operator, value)])
        return Domain("id", "in", found.ids)

    @api.depends("kind")
    def _compute_model_name(self):
        for rule in self:
            rule.model_name = KINDS[rule.kind or "partner"].model

    def _tag(self):
        """The tag that the rule keeps; empty while none is chosen."""
        return self[KINDS[self.kind or "partner"].tag_field]

    @api.constrains("kind", "partner_tag_id", "product_tag_id", "campaign_tag_id")
    def _check_tag(self):
        for rule in self:
            if not rule._tag():
                raise ValidationError(self.env._("Choose the tag that the rule keeps."))

    @api.depends("domain", "kind")
    def _compute_readers(self):
        """What cannot be read is shown to its author only."""
        for rule in self:
            try:
                rule.readers = rule._condition().readers()
            except UserError:
                rule.readers = "own"

    @api.constrains("domain", "kind", "company_id")
    def _check_domain(self):
        for rule in self:
            rule._condition().try_out()

    def _check_condition_rights(self):
        for rule in self:
            rule._condition(self.env.user).check_rights()

    def write(self, vals):
        if WHAT_IT_SAYS & set(vals):
            if not self.env.su:
                self._check_paused()
            else:
                vals = {**vals, "preview_date": False}
        return super().write(vals)

    def _check_paused(self):
        running = self.filtered(lambda rule: rule.state == "running")
        if running:
            raise UserError(
                self.env._(
                    "The rule of %s is running. Pause it, change it, look at the "
                    "preview, and switch it on again.",
                    running[0].name,
                )
            )

    def _condition_taken(self):
        """A preview of the former condition is one of other people's numbers."""
        facts = [name for name in self._protected_fields if name.startswith("preview")]
        return super()._condition_taken() | dict.fromkeys(facts, False)

    # The condition

    def _condition(self, person=None):
        """The :class:`Condition`, with superuser rights or those of a person."""
        self.ensure_one()
        person = self._condition_root if person is None else person
        model = KINDS[self.kind].model
        records = self._condition_eyes(model, self.company_id, self.name, person)
        within = NOT_OBJECTING if self.kind == "partner" else Domain.TRUE
        return Condition(records, self.domain, self.name, within)

    def _responsible_condition(self):
        """The :class:`Condition` as the responsible sees it, or nobody.

        :raises AccessError: the responsible may not work there any more
        """
        return self._condition(self.responsible_id)

    # People

    def action_preview(self):
        """Count who would get and who would lose the tag, if the user switched the
        rules on: two queries a rule."""
        check_records(self)
        self.check_access("write")
        for rule in self:
            condition = rule._condition(self.env.user)
            with condition.guarded():
                values = rule._preview(condition.ids())
            rule.sudo().write({**values, "preview_user_id": self.env.uid})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _preview(self, matching):
        """Values of the preview.

        :param matching: SQL of the ids that match
        """
        kind = KINDS[self.kind]
        [(matched, added, kept_off, revenue)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*),
                       count(*) FILTER (WHERE r.%(record)s IS NULL AND l.id IS NULL),
                       count(*) FILTER (WHERE l.id IS NOT NULL), sum(f.revenue)
                  FROM %(matching)s m
                  LEFT JOIN %(relation)s r
                    ON r.%(record)s = m.id AND r.%(tag)s = %(own)s
                  LEFT JOIN classification_tag_link l
                    ON l.%(record_key)s = m.id AND l.%(tag_key)s = %(own)s
                   AND l.state = 'removed'
                  LEFT JOIN customer_profile f
                    ON %(is_partner)s AND f.partner_id = m.id
                   AND f.company_id = %(company)s
                """,
                record=kind.record,
                tag=kind.tag,
                relation=kind.table,
                matching=matching,
                own=self._tag().id,
                record_key=kind.record_key,
                tag_key=kind.tag_key,
                is_partner=self.kind == "partner",
                company=self.company_id.id,
            )
        )
        [(removed,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM classification_tag_link l
                 WHERE l.%(tag_key)s = %(own)s AND l.state = 'present'
                   AND l.origin = 'rule' AND NOT EXISTS (
                       SELECT FROM %(matching)s m WHERE m.id = l.%(record_key)s)
                """,
                tag_key=kind.tag_key,
                own=self._tag().id,
                matching=matching,
                record_key=kind.record_key,
            )
        )
        return {
            "preview_date": fields.Datetime.now(),
            "preview_matched": matched,
            "preview_added": added,
            "preview_removed": removed,
            "preview_kept_off": kept_off,
            "preview_revenue": self._sees_amounts() and revenue,
            "error": False,
        }

    def _sees_amounts(self):
        return self.env.su or self.env.user.has_group(MONEY_GROUP)

    def action_start(self):
        """Switch the rules on and run them, with the rights of the user from now on."""
        check_records(self)
        self.check_access("write")
        self._check_no_rule_cycle()
        for rule in self:
            rule._condition(self.env.user).try_out()
            rule._wake_tag()
        self.sudo().write(
            {
                "state": "running",
                "error": False,
                "active": True,
                "responsible_id": self.env.uid,
            }
        )
        return self.action_run()

    def _wake_tag(self):
        """Take the tag, and those above it, out of the archive."""
        tag = self._tag()
        above = tag.browse(map(int, tag.parent_path.strip("/").split("/")))
        above.filtered(lambda tag: not tag.active).active = True

    def action_pause(self):
        """Stop giving and taking; the tags stay where they are."""
        check_records(self)
        self.check_access("write")
        self.sudo().write({"state": "draft"})

    def action_run(self):
        """Run all rules now, for one may ask for the tags of another."""
        check_records(self)
        self.check_access("write")
        if self:
            self._run()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _listed_domain(self):
        """Who matches, for a list that the user opens."""
        domain = self._condition().domain()
        return domain & MAY_BE_PROFILED if self.kind == "partner" else domain

    def action_open_matching(self):
        """Open who matches."""
        check_one(self)
        return self._open(self._listed_domain())

    def action_open_added(self):
        """Open who would get the tag."""
        check_one(self)
        kind = KINDS[self.kind]
        return self._open(
            self._listed_domain() & Domain(kind.field, "not in", self._tag().ids)
        )

    def action_open_removed(self):
        """Open who has the tag from a rule and does not match."""
        check_one(self)
        kind = KINDS[self.kind]
        return self._open(
            ~self._listed_domain()
            & Domain(
                kind.links,
                "any",
                [
                    (kind.tag_field, "=", self._tag().id),
                    ("state", "=", "present"),
                    ("origin", "=", "rule"),
                ],
            )
        )

    def _open(self, domain):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": KINDS[self.kind].model,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"active_test": False},
        }
