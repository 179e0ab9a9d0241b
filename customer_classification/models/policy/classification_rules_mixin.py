from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..common.called_records import check_one
from ..common.own_context import OWN
from .locked_views import lock_published
from .rules_comparison import change_html


class ClassificationRulesMixin(models.AbstractModel):
    """Versioned rules of one kind: customers, products or campaigns.

    A version is written as a draft, published once and never changed after that. A
    policy combines one version of each kind with the shared settings; publishing a
    version makes a policy of it and of the versions of the other kinds that are in
    force at that moment (:meth:`classification.policy._publish`).
    """

    _name = "classification.rules.mixin"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Versioned Classification Rules"
    _order = "company_id, version desc, id desc"
    _rec_names_search = ["note"]
    _protected_fields = frozenset(
        {"state", "version", "published_date", "published_by_id"}
    )
    _fixed_fields = frozenset({"company_id"})

    # Subject of the rules, and the kinds of runs that classify and preview by them.
    _kind = None
    _run_kind = None
    _preview_kind = None

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    version = fields.Integer(default=1, readonly=True, copy=False, aggregator=None)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    published_date = fields.Datetime(string="Published On", readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    note = fields.Char(
        string="Reason of the Change",
        copy=False,
        help="Why this version was made, for those who read its history.",
    )
    policy_id = fields.Many2one(
        "classification.policy",
        string="Combined Policy",
        compute="_compute_policy_id",
        help="The policy that combines this version with the rules of the other kinds.",
    )
    keeps_grace = fields.Boolean(
        string="Grace for Changed Limits",
        compute="_compute_keeps_grace",
        inverse="_inverse_keeps_grace",
        help="Customers and products that fall only because these rules changed a "
        "limit, or what is compared with it, keep their class for the grace period. "
        "Otherwise they fall at once. Where nothing changed, tolerance and grace go on "
        "in any case.",
    )
    version_count = fields.Integer(
        string="Number of Versions", compute="_compute_version_count"
    )
    last_run_id = fields.Many2one("classification.run", compute="_compute_last_run")
    last_run_state = fields.Selection(
        selection=lambda self: self.env["classification.run"]
        ._fields["state"]
        ._description_selection(self.env),
        string="State of the Last Run",
        compute="_compute_last_run",
    )
    last_run_date = fields.Datetime(
        string="End of the Last Run", compute="_compute_last_run"
    )
    last_run_text = fields.Char(
        string="Result of the Last Run", compute="_compute_last_run"
    )
    run_time_text = fields.Char(
        string="Duration of a Run", compute="_compute_run_time_text"
    )
    change_html = fields.Html(
        string="What Changed", compute="_compute_change_html", sanitize=False
    )

    @api.depends("version")
    @api.depends_context("lang")
    def _compute_display_name(self):
        label = self.env["ir.model"]._get(self._name).sudo().name
        for rules in self:
            rules.display_name = self.env._(
                "%(name)s (version %(version)s)", name=label, version=rules.version
            )

    @api.model
    def _policy_field(self):
        """Name of the field of a policy that names rules of this kind."""
        return self.env["classification.policy"]._inherits[self._name]

    def _compute_policy_id(self):
        """Find the policy that combines these rules: one query.

        Of drafts, the draft policy about them alone comes first.
        """
        field = self._policy_field()
        policies = self.env["classification.policy"].search(
            [(field, "in", self.ids)], order="id"
        )
        own = policies.filtered(lambda one: one.subject == self._kind)
        for rules in self:
            named = policies.filtered(lambda one, it=rules._origin: one[field] == it)
            drafts = named.filtered(lambda one: one.state == "draft")
            if rules.state == "draft":
                best = (drafts & own) or drafts
            else:
                published = named.filtered(lambda one: one.state == "published")
                best = published or (named - drafts)
            rules.policy_id = best[-1:]

    @api.depends("policy_id")
    def _compute_keeps_grace(self):
        for rules in self:
            rules.keeps_grace = rules.policy_id.keeps_grace

    def _inverse_keeps_grace(self):
        for rules in self:
            rules._draft_policy().keeps_grace = rules.keeps_grace

    def _compute_version_count(self):
        counts = dict(
            self._read_group(
                [("company_id", "in", self.company_id.ids)], ["company_id"], ["__count"]
            )
        )
        for rules in self:
            rules.version_count = counts.get(rules.company_id, 0)

    @api.depends_context("lang")
    def _compute_last_run(self):
        """The last run by these rules: two queries."""
        field = self._policy_field()
        runs = self.env["classification.run"]
        policies = self.env["classification.policy"].search([(field, "in", self.ids)])
        last = dict(
            runs._read_group(
                [
                    ("policy_id", "in", policies.ids),
                    ("scope", "=", "all"),
                    ("kind", "=", self._run_kind),
                ],
                ["policy_id"],
                ["id:max"],
            )
        )
        for rules in self:
            own = policies.filtered(lambda one, it=rules._origin: one[field] == it)
            run = runs.browse(max((last.get(one, 0) for one in own), default=0) or ())
            rules.last_run_id = run
            rules.last_run_state = run.state
            rules.last_run_date = run.end_date
            rules.last_run_text = run._result_sentence()

    @api.depends("state", "company_id")
    @api.depends_context("lang")
    def _compute_run_time_text(self):
        """Say how long a preview of a draft and a run of the others will take.

        At most two queries a record, of which a form shows one.
        """
        runs = self.env["classification.run"]
        for rules in self:
            kinds = [self._run_kind]
            if rules.state == "draft":
                kinds = [self._preview_kind, self._run_kind]
            text = runs._usual_time_text(rules.company_id, kinds)
            rules.run_time_text = rules.state != "retired" and text

    def _version_before(self):
        """The version that was published last before this one: one query."""
        self.ensure_one()
        before = [
            ("company_id", "=", self.company_id.id),
            ("published_date", "!=", False),
            ("id", "!=", self._origin.id),
        ]
        if self.published_date:
            before += [("version", "<", self.version)]
        return self.search(before, order="version desc, id desc", limit=1)

    @api.depends_context("lang")
    def _compute_change_html(self):
        for rules in self:
            rules.change_html = change_html(rules, rules._version_before())

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            lock_published(arch, {*self._rule_fields(), "note", "keeps_grace"})
        return arch, view

    # Content

    @api.model
    def _label_of(self, name):
        """Return the label of a field."""
        return self._fields[name]._description_string(self.env)

    @api.model
    def _plain_rules(self):
        """Names of the rules that are one value each, in the order of the form."""
        raise NotImplementedError

    @api.model
    def _rule_fields(self):
        """Return the names of all rules."""
        return {*self._plain_rules()}

    def _content(self):
        """Return the content of these rules, to compare versions."""
        self.ensure_one()
        return {name: self[name] for name in self._plain_rules()}

    def _says_the_same(self, other):
        """Check if two versions agree in the rules outside the engine."""
        return True

    def _parameters(self, policy):
        """Return the engine's parameters of these rules as a policy combines them.

        :raises ValidationError: rules contradict each other
        """
        raise NotImplementedError

    def _check_rules(self):
        """Refuse rules that contradict each other, or refer to archived records."""

    # Changes

    @api.model
    def _next_version(self, company):
        """The number after the highest one that was published in a company."""
        [(highest,)] = self.sudo()._read_group(
            [("company_id", "=", company.id), ("state", "!=", "draft")],
            aggregates=["version:max"],
        )
        return (highest or 0) + 1

    def _completed_for_create(self, vals_list):
        vals_list = super()._completed_for_create(vals_list)
        default = self.default_get(["company_id"]).get("company_id")
        named = {vals.get("company_id") or default for vals in vals_list}
        numbers = {
            company.id: self._next_version(company)
            for company in self.env["res.company"].browse(named)
        }
        return [
            {**vals, "version": numbers[vals.get("company_id") or default]}
            for vals in vals_list
        ]

    def write(self, vals):
        self._check_changeable(vals)
        return super().write(vals)

    def _check_changeable(self, vals):
        """Refuse changes of published versions.

        They explain the classes they gave.

        :raises UserError: a version is published or retired
        """
        changed = set(vals) - self._protected_fields
        if changed and self.filtered(lambda rules: rules.state != "draft"):
            raise UserError(
                self.env._(
                    "A published version is not changed, so that what it decided stays "
                    "explained. Make a new version, change that one and publish it."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered(lambda rules: rules.state != "draft"):
            raise UserError(
                self.env._("Only a draft can be deleted; others explain past classes.")
            )

    def unlink(self):
        """Delete the drafts, and the policies that were made to preview them."""
        drafts = self.env["classification.policy"].search(
            [
                (self._policy_field(), "in", self.ids),
                ("subject", "=", self._kind),
                ("state", "=", "draft"),
            ]
        )
        if drafts:
            drafts.unlink()  # deletes its own rules as well
        return super(ClassificationRulesMixin, self.exists()).unlink()

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(
            "customer_classification.group_manager"
        ):
            raise AccessError(
                self.env._("Only a manager may write and publish policies.")
            )

    # Combining

    def _in_force(self):
        """The published policy of the company, or an empty recordset: one query."""
        return self.env["classification.policy"]._published(self.company_id)

    def _draft_policy(self):
        """Return the draft policy with these draft rules alone.

        Created if there is none.

        :raises AccessError: there is none, and the caller is no manager
        """
        self.ensure_one()
        policy = self.policy_id
        if policy.state == "draft" and policy.subject == self._kind:
            return policy
        self._check_manager()
        self.check_access("write")
        current = self._in_force()
        if not current:
            raise UserError(self.env._("Publish a policy for this company first."))
        draft = current._new_draft(self._kind, {self._policy_field(): self.id})
        self.invalidate_recordset(["policy_id"])
        return draft

    def _published_rules(self):
        """The version in force in the company, or an empty recordset: one query."""
        return self.search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")]
        )

    def _publish_as(self, current):
        """Put these draft rules in force in place of others.

        :param current: the version in force so far, or an empty recordset
        """
        self.ensure_one()
        current.state = "retired"
        current.flush_recordset(["state"])
        self.write(
            {
                "state": "published",
                "version": self._next_version(self.company_id),
                "published_date": fields.Datetime.now(),
                "published_by_id": self.env.uid,
            }
        )

    def _last_change(self):
        """Return the moment of the last change of these rules."""
        return self.write_date

    # Actions

    def action_new_version(self):
        """Open a draft that starts from these rules."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        # References that became invalid are corrected in the draft, the only editable
        # version.
        rules = self.with_context(references_judged_later=OWN)
        draft = rules.copy().with_env(self.env)
        draft._draft_policy()
        return draft._open_form()

    def action_preview(self):
        """Show the changes of the draft, without changing a class."""
        check_one(self)
        self.env["classification.run"]._check_may_run(self.policy_id, "preview")
        if self.state != "draft":
            raise UserError(self.env._("Make a new version to preview changes."))
        return self._preview(self._draft_policy())._open_form()

    def _preview(self, policy):
        """Return the preview run of these rules as a policy combines them."""
        raise NotImplementedError

    def action_ask_publish(self):
        """Publish the draft; ask first if its changes were not previewed."""
        check_one(self)
        return self._draft_policy().action_ask_publish()

    def action_publish(self):
        """Put the draft in force and show the run that classifies by it."""
        check_one(self)
        return self._draft_policy().action_publish()

    def action_recompute(self):
        """Queue a run by the rules in force and show it."""
        check_one(self)
        return self._queue_run(self._in_force())._open_form()

    def _queue_run(self, policy):
        """Queue the run that classifies by these rules, and return it."""
        raise NotImplementedError

    def action_export(self):
        """Download the policy that combines these rules as a file."""
        check_one(self)
        return self.policy_id.action_export()

    def action_open_versions(self):
        """Open all versions of the company."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Versions"),
            "res_model": self._name,
            "view_mode": "list,form",
            "domain": [("company_id", "=", self.company_id.id)],
            "context": {"create": False},
        }

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
