import ast

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .classification_policy_filter import missing_fields
from .classification_tag_domain import dangling_references
from .classification_tag_kind import KINDS
from .customer_profile import MONEY_GROUP

WHAT_IT_SAYS = {
    *("kind", "partner_tag_id", "product_tag_id", "campaign_tag_id", "domain"),
    "company_id",
}


class ClassificationTagRule(models.Model):
    """A condition that keeps a tag: who meets it has the tag, who does not loses it.

    A rule takes away only what a rule gave, and does not give again what a person took
    away. It is drafted, looked at in a preview, and then switched on.
    """

    _name = "classification.tag.rule"
    _inherit = "classification.protected.mixin"
    _description = "Rule of a Smart Tag"
    _order = "kind, partner_tag_id, product_tag_id, campaign_tag_id, id"
    _rec_names_search = ["partner_tag_id", "product_tag_id", "campaign_tag_id"]

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
    matched_count = fields.Integer(string="Matched", readonly=True, copy=False)
    preview_date = fields.Datetime(string="Preview Of", readonly=True, copy=False)
    preview_matched = fields.Integer(string="Would Match", readonly=True, copy=False)
    preview_added = fields.Integer(string="Would Get It", readonly=True, copy=False)
    preview_removed = fields.Integer(string="Would Lose It", readonly=True, copy=False)
    preview_kept_off = fields.Integer(
        string="Left Alone",
        readonly=True,
        copy=False,
        help="They match, but a person took the tag away.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    preview_revenue = fields.Monetary(
        string="Revenue of Who Matches",
        readonly=True,
        copy=False,
        groups=MONEY_GROUP,
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
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return Domain.OR([[(name, operator, value)] for name in self._rec_names_search])

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

    @api.constrains("domain", "kind")
    def _check_domain(self):
        for rule in self:
            rule._query()

    def write(self, vals):
        running = self.filtered(lambda rule: rule.state == "running")
        if running and WHAT_IT_SAYS & set(vals) and "state" not in vals:
            raise UserError(
                self.env._(
                    "The rule of %s is running. Pause it, change it, look at the "
                    "preview, and switch it on again.",
                    running[0].name,
                )
            )
        if WHAT_IT_SAYS & set(vals):
            vals = {**vals, "preview_date": False}
        return super().write(vals)

    # The condition

    def _condition(self):
        """The condition as a :class:`Domain`.

        :raises ValidationError: it cannot be read, or names a field that is no more
        """
        self.ensure_one()
        try:
            domain = Domain(ast.literal_eval(self.domain or "[]"))
        except (ValueError, TypeError, SyntaxError, MemoryError) as error:
            raise ValidationError(
                self.env._(
                    "%s: this condition cannot be read. Use fields and fixed values.",
                    self.name,
                )
            ) from error
        missing = next(missing_fields(domain, self._records()), None)
        if missing:
            raise ValidationError(
                self.env._(
                    "%(rule)s: there is no field “%(field)s” any more, so nothing "
                    "would match. Choose another one.",
                    rule=self.name,
                    field=missing,
                )
            )
        return domain

    def _records(self):
        """The model of what the rule tags, as the rule's company sees it, whoever
        asks; archived ones keep their tags."""
        return (
            self.env[KINDS[self.kind].model]
            .sudo()
            .with_company(self.company_id)
            .with_context(active_test=False, lang=None)
        )

    def _query(self):
        """What matches, as a :class:`Query`; it is not run.

        :raises ValidationError: the rule cannot be read, or names a record that is no
            more: “is not among [what is gone]” would match everybody
        """
        domain, records = self._condition(), self._records()
        gone = next(dangling_references(domain, records), None)
        if gone:
            raise ValidationError(
                self.env._(
                    "%(rule)s: the condition on “%(field)s” names something that was "
                    "deleted, so it matches nothing.",
                    rule=self.name,
                    field=gone,
                )
            )
        try:
            return records._search(domain)
        except (ValueError, TypeError, UserError, NotImplementedError) as error:
            raise ValidationError(
                self.env._(
                    "%(rule)s: this condition cannot be used: %(error)s",
                    rule=self.name,
                    error=str(error).strip(),
                )
            ) from error

    # People

    def action_preview(self):
        """Count who would get and who would lose the tag: two queries a rule."""
        for rule in self:
            rule.write(rule._preview())
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _preview(self):
        kind, query = KINDS[self.kind], self._query()
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
                matching=query.subselect(),
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
                matching=query.subselect(),
                record_key=kind.record_key,
            )
        )
        return {
            "preview_date": fields.Datetime.now(),
            "preview_matched": matched,
            "preview_added": added,
            "preview_removed": removed,
            "preview_kept_off": kept_off,
            "preview_revenue": revenue or 0,
            "error": False,
        }

    def action_start(self):
        """Switch the rules on and run them."""
        self._check_no_rule_cycle()
        for rule in self:
            rule._query()
            rule._wake_tag()
        self.write({"state": "running", "error": False, "active": True})
        return self.action_run()

    def _wake_tag(self):
        """Take the tag, and those above it, out of the archive."""
        tag = self._tag()
        above = tag.browse(map(int, tag.parent_path.strip("/").split("/")))
        above.filtered(lambda tag: not tag.active).active = True

    def action_pause(self):
        """Stop giving and taking; the tags stay where they are."""
        self.write({"state": "draft"})

    def action_run(self):
        """Run all rules now, for one may ask for the tags of another."""
        self._run()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_matching(self):
        """Open who matches."""
        return self._open(self._condition())

    def action_open_added(self):
        """Open who would get the tag."""
        kind = KINDS[self.kind]
        return self._open(
            self._condition() & Domain(kind.field, "not in", self._tag().ids)
        )

    def action_open_removed(self):
        """Open who has the tag from a rule and does not match."""
        kind = KINDS[self.kind]
        return self._open(
            ~self._condition()
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
