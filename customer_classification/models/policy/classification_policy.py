import base64
import json
from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.base.models.res_partner import _tz_get

from ..common.arguments import as_choice
from ..common.called_records import check_one
from ..common.classification_condition_mixin import ANY, Condition
from ..common.classification_reason_mixin import field_label
from ..common.own_context import OWN
from ..common.run_kinds import RUN_KINDS
from . import rules_comparison
from .customer_rules_warnings import customer_warnings
from .locked_views import lock_published
from .policy_file import PolicyFile, to_file
from .relative_dates import is_relative, texts_of, with_fixed_dates
from .rule_fields import (
    DEFAULT_TEMPLATE,
    DOCUMENT_FIELDS,
    FILTERS,
    NO_VALUE_TIER,
    RHYTHM_FIELDS,
    SAFETY_FIELDS,
    SCORE_RULES,
    SOURCE_FIELDS,
    VALUE_RULES,
)

# What a draft of rules of one kind takes over from the policy in force.
_SHARED = (*SOURCE_FIELDS, *SAFETY_FIELDS, "name", "filter_user_id", "responsible_id")


class ClassificationPolicy(models.Model):
    """The versioned rules by which one company classifies.

    A policy is what runs, profiles and explanations refer to. It combines one version
    of the rules of each kind (``_inherits``: their fields are fields of the policy)
    with what they share: sources, time zone, approval and drift. It is written as a
    draft, published once and never changed after that, so that what was decided by it
    can be explained for ever.

    *Which version combines with which*: a draft about one kind takes all else from the
    policy in force, again whenever it is previewed and when it is published. What a
    draft says alike stays the version in force.

    *What a new version keeps*: classes, limits in force and grace periods belong to
    the rules that made them. A version that says the same of customers, of products or
    of campaigns goes on where the one before stopped: it names that one, and profiles
    are of it. Where rules differ, each limit is compared for itself
    (``engine/memory.py``).
    """

    _name = "classification.policy"
    _inherit = [
        "classification.condition.mixin",
        "classification.bounds.mixin",
        "classification.protected.mixin",
        "classification.referred.mixin",
    ]
    _inherits = {"customer.rules": "customer_rules_id"}
    _description = "Classification Policy"
    _order = "company_id, version desc, id desc"
    _check_company_auto = True
    _condition_person = "filter_user_id"
    _condition_texts = tuple(FILTERS)
    _condition_fields = frozenset((*FILTERS, "company_id"))

    customer_rules_id = fields.Many2one(
        "customer.rules",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )

    name = fields.Char(required=True, translate=False)
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
    subject = fields.Selection(
        [
            ("all", "All Rules"),
            ("source", "Sources and Safety"),
            ("customer", "Customer Rules"),
        ],
        string="What It Changes",
        default="all",
        required=True,
        readonly=True,
        copy=False,
        help="What this version was made to change. All else is as it was in force "
        "when this version was published.",
    )
    note = fields.Char(string="Reason of the Change", copy=False)
    published_date = fields.Datetime(string="Published On", readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    # Sources
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="A purchase belongs to the day that it was in this time zone.",
    )
    revenue_source = fields.Selection(
        [
            ("sale", "Confirmed sales orders"),
            ("invoice", "Posted customer invoices"),
        ],
        string="What Counts",
        required=True,
        default="sale",
        help="What counts as a purchase. Only one of the two, so that no sale counts "
        "twice. Imported purchases are always added.",
    )
    subtract_credit_notes = fields.Boolean(
        default=True,
        help="With sales orders: posted credit notes lower the revenue on their own "
        "day, as far as they take back orders that count. What was credited of an "
        "order that was cancelled, made smaller or invoiced again takes nothing.",
    )
    subtract_unlinked_credit_notes = fields.Boolean(
        string="Credit Notes without Origin",
        help="Credit notes that name no order and reverse no invoice, such as a bonus "
        "at the end of the year: also lower the revenue by them. Nobody knows whether "
        "what they give back was counted before, so they are left out by default.",
    )
    sale_domain = fields.Char(
        string="Only These Orders",
        help="Only sales orders that match count. A date such as “today -30d” is "
        "counted from the day of the run.",
    )
    invoice_domain = fields.Char(
        string="Only These Invoices",
        help="Only invoices and credit notes that match count. A date such as "
        "“today -30d” is counted from the day of the run.",
    )
    window_months = fields.Integer(
        string="Window",
        default=12,
        required=True,
        help="Frequency, revenue and value look at this many months up to the day "
        "of the run.",
        aggregator=None,
    )
    filter_user_id = fields.Many2one(
        "res.users",
        string="Filters Looked At By",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        help="Who wrote the filters: they find the documents that this person may "
        "read.",
    )

    sees_orders = fields.Boolean(compute="_compute_sees_documents")
    sees_invoices = fields.Boolean(compute="_compute_sees_documents")

    # Safety
    approval_customer_percent = fields.Float(
        string="Max. Customers Moved (%)",
        default=20,
        digits=(5, 1),
        help="A run that would move more than this share of the customers, or of the "
        "products, to another class writes nothing and waits for a manager. 0: no "
        "limit.",
        aggregator=None,
    )
    approval_revenue_percent = fields.Float(
        string="Max. Revenue Moved (%)",
        default=30,
        digits=(5, 1),
        help="A run that would move customers, or products, with more than this share "
        "of the revenue to another class writes nothing and waits for a manager. 0: no "
        "limit.",
        aggregator=None,
    )
    approval_min_customers = fields.Integer(
        string="Approval Threshold (customers)",
        default=50,
        help="With fewer classified customers, or products, than this, no approval is "
        "asked.",
        aggregator=None,
    )
    drift_limit = fields.Float(
        string="Drift Alert Threshold",
        default=0.25,
        digits=(5, 2),
        help="After each run the classes and numbers are compared with those of the "
        "runs before. The responsible person is told from this population stability "
        "index on: below 0.1 is calm, 0.25 a clear shift. 0: no alarm.",
        aggregator=None,
    )
    responsible_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self._default_responsible(),
        copy=False,
        help="Who is told when a run waits for approval, fails, or finds that the "
        "numbers have shifted. Can be changed at any time.",
    )

    # What a version keeps of the one before
    customer_since_id = fields.Many2one(
        "classification.policy",
        string="Customer Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about customers are the same.",
    )
    keeps_grace = fields.Boolean(
        string="Grace for Changed Limits",
        copy=False,
        help="Customers and products that fall only because these rules changed a "
        "limit, or what is compared with it, keep their class for the grace period. "
        "Otherwise they fall at once. Where nothing changed, tolerance and grace go on "
        "in any case.",
    )
    kept_run_id = fields.Many2one(
        "classification.run",
        string="Limits Kept of Run",
        readonly=True,
        copy=False,
        help="The limits of this run stay until a manager releases them.",
    )
    kept_date = fields.Datetime(string="Limits Kept Since", readonly=True, copy=False)
    kept_by_id = fields.Many2one(
        "res.users", string="Limits Kept By", readonly=True, copy=False
    )
    kept_limits_text = fields.Char(
        string="Kept Limits", compute="_compute_kept_limits_text"
    )

    # Shown beside the rules
    run_ids = fields.One2many("classification.run", "policy_id")
    run_count = fields.Integer(compute="_compute_run_count")
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
    previous_id = fields.Many2one(
        "classification.policy",
        string="Version Before",
        compute="_compute_previous_id",
        help="The version that was in force before this one.",
    )
    change_html = fields.Html(
        string="What Changed", compute="_compute_change_html", sanitize=False
    )
    warning_text = fields.Text(string="Warnings", compute="_compute_warning_text")
    limits_histogram = fields.Json(
        string="Movable Limits", compute="_compute_limits_histogram"
    )
    export_file = fields.Binary(compute="_compute_export_file")

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published policy. Retire the other one first.",
    )

    # The rules that it combines

    @property
    def _protected_fields(self):
        """Also the rules of each kind, which rooms above this one add."""
        kinds = self._rule_set_fields()
        return frozenset(
            {
                *("state", "version", "subject", "published_date", "published_by_id"),
                *("filter_user_id", "kept_run_id", "kept_date", "kept_by_id"),
                *kinds.values(),
                *(self._since_field(kind) for kind in kinds),
            }
        )

    @api.model
    def _rule_set_fields(self):
        """``{kind: field}`` of the rules that a policy combines."""
        return {self.env[model]._kind: name for model, name in self._inherits.items()}

    @api.model
    def _since_field(self, kind):
        """Name of the field with the version since which rules are the same."""
        return f"{kind}_since_id"

    @api.model
    def _split_values(self, vals):
        """``(own values, {field of a rule set: its values})``"""
        own, parts = {}, defaultdict(dict)
        for name, value in vals.items():
            field = self._fields.get(name)
            if field is not None and field.inherited:
                parts[field.related.split(".")[0]][name] = value
            else:
                own[name] = value
        return own, parts

    def _completed_for_create(self, vals_list):
        """Create the rules of each kind that are not given: one create a kind."""
        vals_list = super()._completed_for_create(vals_list)
        company = self.default_get(["company_id"]).get("company_id")
        split = [self._split_values(vals) for vals in vals_list]
        for model, name in self._inherits.items():
            missing = [(own, parts) for own, parts in split if not own.get(name)]
            rules = self.env[model].create(
                [
                    {**parts[name], "company_id": own.get("company_id") or company}
                    for own, parts in missing
                ]
            )
            for one, (own, __) in zip(rules, missing, strict=True):
                own[name] = one.id
        return [own for own, __ in split]

    def write(self, vals):
        """Write the rules of each kind at once.

        So they are judged when all of them are there.
        """
        self._check_changeable(vals)
        own, parts = self._split_values(vals)
        result = super().write(own) if own or not parts else True
        for name, values in parts.items():
            self[name].write(values)
        if "company_id" in own:
            for name in self._inherits.values():
                self.sudo()[name].write({"company_id": own["company_id"]})
        return result

    def copy_data(self, default=None):
        """Copy the rules of each kind, too, unless the caller names other ones."""
        default = default or {}
        vals_list = super().copy_data(default)
        for policy, vals in zip(self, vals_list, strict=True):
            for name in self._inherits.values():
                if name not in default:
                    [copied] = policy[name].copy_data()
                    __, parts = self._split_values(copied)
                    vals |= {**parts[name], **vals}
        return vals_list

    def unlink(self):
        """Delete the draft rules, too, that no other policy combines."""
        drafts = {
            name: self[name].filtered(lambda rules: rules.state == "draft")
            for name in self._inherits.values()
        }
        result = super().unlink()
        for name, rules in drafts.items():
            unused = rules - self.sudo().search([(name, "in", rules.ids)])[name]
            if unused:
                unused.unlink()
        return result

    def _check_changeable(self, vals):
        """Refuse changes of published policies but for the responsible.

        They explain the classes that they gave.
        """
        changed = set(vals) - self._protected_fields - self._changeable_fields()
        if changed and self.filtered(lambda policy: policy.state != "draft"):
            raise UserError(
                self.env._(
                    "A published policy is not changed, so that what it decided stays "
                    "explained. Make a new version, change that one and publish it."
                )
            )

    @api.model
    def _changeable_fields(self):
        """Names of the fields that people may change once it is published."""
        return {"responsible_id"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered(lambda policy: policy.state != "draft"):
            raise UserError(
                self.env._("Only a draft can be deleted; others explain past classes.")
            )

    # What it says

    @api.model
    def _default_tz(self):
        return self.env.company.partner_id.tz or self.env.user.tz or "UTC"

    @api.model
    def _default_responsible(self):
        """Who writes the policy; the first ones are written by no person."""
        return self.env.user if self.env.uid != SUPERUSER_ID else False

    @api.model
    def _bounds(self):
        """As the engine's own, which judges what contradicts itself."""
        bounds = {
            **super()._bounds(),
            "window_months": (1, 240),
            "approval_customer_percent": (0, 100),
            "approval_revenue_percent": (0, 100),
            "approval_min_customers": (0, 1_000_000),
            "drift_limit": (0, 1000),
        }
        for model in self._inherits:
            bounds |= self.env[model]._bounds()
        return bounds

    @api.model
    def _label_of(self, name):
        """What people call a field."""
        return self._fields[name]._description_string(self.env)

    @api.model
    def _plain_rules(self):
        """Names of the rules that are one value each, in the order of the forms."""
        of_kinds = [self.env[model]._plain_rules() for model in self._inherits]
        return (*SOURCE_FIELDS, *sum(of_kinds, ()), *SAFETY_FIELDS)

    @api.model
    def _rule_fields(self):
        """Names of the fields that are fixed once the policy is published."""
        of_kinds = [self.env[model]._rule_fields() for model in self._inherits]
        return {"company_id", *SOURCE_FIELDS, *SAFETY_FIELDS}.union(*of_kinds)

    @api.constrains("company_id", *SOURCE_FIELDS)
    def _check_rules(self):
        """Have the engine judge the rules, and raise its error as a sentence."""
        for policy in self:
            for name in self._inherits.values():
                policy[name]._check_rules()
            policy._parameters()

    def _parameters(self):
        """Return the engine's :class:`Parameters` of this version.

        :raises ValidationError: with a sentence that names the line, when the rules
            contradict each other.
        """
        return self.customer_rules_id._parameters(self)

    def _rules_about(self, kind):
        """The engine's parameters about customers, products or campaigns.

        :raises ValidationError: rules refer to deleted records
        """
        return self[self._rule_set_fields()[kind]]._parameters(self)

    def _document_rules(self):
        """What counts as a purchase, to be compared by the engine."""
        return tuple(
            self._filter_text(name) if name in FILTERS else self[name]
            for name in DOCUMENT_FIELDS
        )

    def _filter_text(self, name):
        """The text of a filter, empty where all documents count."""
        text = (self[name] or "").strip()
        return "" if text == "[]" else text

    def _rhythm_rules(self):
        """The rhythm of customers, by which campaigns win back."""
        return tuple(self[name] for name in RHYTHM_FIELDS)

    def _tiers_in_order(self):
        """The tiers of these rules, the best first; the last one takes the rest."""
        return self.customer_rules_id._tiers_in_order()

    def _no_value_tier(self):
        """The tier for values of 0 and less; an empty one where there is none."""
        return self.customer_rules_id._no_value_tier()

    def _value_digits(self):
        """Decimals of what tiers are made of."""
        return self.customer_rules_id._value_digits()

    def _tier_benefits(self):
        """What the tiers grant."""
        return self.customer_rules_id._tier_benefits()

    # Deprecated since 19.0.1.5.0: these are methods of the rules about customers.

    def action_take_segments(self, template=DEFAULT_TEMPLATE):
        """Replace the segments of the customer rules by those of a template."""
        check_one(self)
        return self.customer_rules_id.action_take_segments(template)

    def get_segment_grid(self):
        """How many customers of the company have which scores."""
        check_one(self)
        return self.customer_rules_id.get_segment_grid()

    def action_open_segment_cell(self, recency=None, frequency=None, monetary=None):
        """Open the customers with certain scores."""
        check_one(self)
        rules = self.customer_rules_id
        return rules.action_open_segment_cell(recency, frequency, monetary)

    @api.model
    def _fifths_of(self, edges):
        """For each score of a run, the fifth of each of its values."""
        return self.env["customer.rules"]._fifths_of(edges)

    # Showing

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            lock_published(arch, {*SOURCE_FIELDS, *SAFETY_FIELDS, "note"})
        return arch, view

    @api.depends("name", "version")
    def _compute_display_name(self):
        for policy in self:
            policy.display_name = self.env._(
                "%(name)s (version %(version)s)",
                name=policy.name or "",
                version=policy.version,
            )

    def _compute_run_count(self):
        counts = dict(
            self.env["classification.run"]._read_group(
                [("policy_id", "in", self.ids)], ["policy_id"], ["__count"]
            )
        )
        for policy in self:
            policy.run_count = counts.get(policy, 0)

    @api.depends_context("lang")
    def _compute_last_run(self):
        """Find the last run by the same rules about customers: two queries."""
        runs = self.env["classification.run"]
        alike = self._versions_alike("customer")
        last = dict(
            runs._read_group(
                [
                    ("policy_id", "in", [version.id for version in alike]),
                    ("scope", "=", "all"),
                    ("kind", "in", list(dict(RUN_KINDS))),
                ],
                ["policy_id"],
                ["id:max"],
            )
        )
        for policy in self:
            origin = policy._origin
            own = [id_ for version, id_ in last.items() if origin in alike[version]]
            run = runs.browse(max(own, default=0) or ())
            policy.last_run_id = run
            policy.last_run_state = run.state
            policy.last_run_date = run.end_date
            policy.last_run_text = run._result_sentence()

    @api.depends("state", "published_date", "company_id")
    def _compute_previous_id(self):
        """Find the version that was published last before this one: one query.

        For a draft, that is the one published last of all.
        """
        others = self.search(
            [
                ("company_id", "in", self.company_id.ids),
                ("published_date", "!=", False),
            ],
            order="published_date desc, id desc",
        )
        for policy in self:
            policy.previous_id = next(
                (
                    other
                    for other in others
                    if other.company_id == policy.company_id
                    and other != policy._origin
                    and (
                        not policy.published_date or other._moment() < policy._moment()
                    )
                ),
                False,
            )

    def _moment(self):
        """When it was published; versions of one second follow each other."""
        return self.published_date, self.id or self._origin.id

    @api.depends("previous_id")
    @api.depends_context("lang")
    def _compute_change_html(self):
        for policy in self:
            policy.change_html = rules_comparison.change_html(
                policy, policy.previous_id
            )

    def _changes_since(self, before):
        """``[(label, old, new)]`` of the rules that differ, as people read them."""
        return rules_comparison.changes_since(self, before)

    def _rules_in_words(self):
        """``{label: text}`` of all rules and lines, in the order of the forms."""
        return rules_comparison.rules_in_words(self)

    @api.depends(lambda self: self._fields_to_warn_of())
    @api.depends_context("lang")
    def _compute_warning_text(self):
        runs = self.env["classification.run"]._last_runs(self.company_id)
        for policy in self:
            edges = runs[policy.company_id].edges if policy.company_id in runs else {}
            buyers = (edges or {}).get("buyer_count", 0)
            rules = policy.customer_rules_id
            policy.warning_text = "\n".join(
                [*policy._filter_problems(), *customer_warnings(rules, policy, buyers)]
            )

    @api.model
    def _fields_to_warn_of(self):
        """Names of the fields from which the warnings follow."""
        names = self.env["customer.rules"]._fields_to_warn_of()
        return (*SOURCE_FIELDS, *(f"customer_rules_id.{name}" for name in names))

    # As a file

    def _compute_export_file(self):
        for policy in self:
            text = json.dumps(policy._to_file(), indent=2, ensure_ascii=False)
            policy.export_file = base64.b64encode(text.encode())

    def action_export(self):
        """Download this version as a file."""
        check_one(self)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/export_file/"
            f"policy-version-{self.version}.json?download=true",
            "target": "download",
        }

    def _to_file(self):
        """The rules as values that JSON takes; the inverse of :meth:`_from_file`."""
        return to_file(self)

    @api.model
    def _file_rules(self):
        """Names of the rules of one value each, in the order of the forms."""
        return (*self._plain_rules(), NO_VALUE_TIER)

    @api.model
    def _from_file(self, content, company):
        """Return the draft of a company that a file describes.

        :param content: bytes of the file
        :raises UserError: the file is broken, or says something unknown or of a wrong
            type, naming it
        :raises ValidationError: its rules contradict each other
        """
        self.check_access("create")
        values = PolicyFile(self.env, content).values()
        version = self._next_version(company)
        draft = self.create({**values, "company_id": company.id})
        draft.sudo().version = version
        return draft

    # Filters: which documents count

    @api.depends_context("uid")
    def _compute_sees_documents(self):
        """Whether the screen may count what a filter matches.

        Users without access to orders or invoices see the filter as text.
        """
        self.sees_orders = self.env["sale.order"].has_access("read")
        self.sees_invoices = self.env["account.move"].has_access("read")

    @api.constrains(*FILTERS, "company_id")
    def _check_filters(self):
        if self.env.context.get("references_judged_later") is OWN:
            return
        # A constraint judges as superuser; who publishes, as the run will.
        person = self._condition_root if self.env.su else None
        for policy in self:
            for condition in policy._filter_conditions(person):
                condition.try_out()

    def _check_condition_rights(self):
        if self.env.context.get("references_judged_later") is OWN:
            return
        for policy in self:
            for condition in policy._filter_conditions(self.env.user):
                condition.check_rights()

    def _filter_conditions(self, person=None):
        """The filters that say anything, as of today.

        :param person: who looks; by default who wrote them
        """
        for name in FILTERS:
            if not self._parse_filter(name, self.env[FILTERS[name]]).is_true():
                yield self._filter_condition(name, self._today(), person)

    def _matching(self, name, column, as_of_date):
        """SQL condition that keeps the documents that a filter matches.

        :param name: field of the policy, of :data:`FILTERS`
        :param column: SQL of the id of the document
        :param as_of_date: day from which relative dates are counted
        :raises UserError: the filter cannot be read, naming the field, or whoever
            wrote it may not read all of it any more
        """
        if self._parse_filter(name, self.env[FILTERS[name]]).is_true():
            return SQL("TRUE")
        condition = self._filter_condition(name, as_of_date)
        condition.try_out_once()
        return SQL("%s IN %s", column, condition.ids())

    def _filter_condition(self, name, as_of_date, person=None):
        """The :class:`Condition` of a filter, with dates counted from a day.

        :param person: who looks; by default who wrote it
        """
        self.ensure_one()
        label = field_label(self._fields[name])
        model = self._condition_eyes(FILTERS[name], self.company_id, label, person)
        condition = Condition(model.with_context(tz=self.tz), self[name], label)
        condition.rewrite(
            lambda domain, model: with_fixed_dates(domain, model, as_of_date)
        )
        return condition

    def _filter_domain(self, name, as_of_date):
        """The same as a :class:`Domain`, for people to open the documents.

        :raises ValidationError: the filter cannot be read, naming the field
        """
        label = field_label(self._fields[name])
        condition = Condition(self.env[FILTERS[name]], self[name], label)
        condition.rewrite(
            lambda domain, model: with_fixed_dates(domain, model, as_of_date)
        )
        return condition.domain()

    def _filter_or_nothing(self, name):
        """Return the :class:`Domain` of a filter as of today.

        Nothing matches where the current user cannot use it; the next run says why.
        """
        try:
            domain = self._filter_domain(name, self._today())
            Condition(self.env[FILTERS[name]], self[name], name).check_rights()
        except UserError:
            return Domain.FALSE
        return domain

    def _filter_problems(self):
        """Why the next run cannot use the filters, in sentences."""
        try:
            for condition in self._filter_conditions():
                condition.check_rights()
        except UserError as error:
            return [error.args[0]]
        return []

    def _parse_filter(self, name, model):
        """The :class:`Domain` of a filter, of which all fields exist."""
        label = field_label(self._fields[name])
        return Condition(model, self[name], label).domain()

    def _has_moving_filter(self):
        """Whether what a filter matches can change although no document does.

        So it is where it counts days, or looks at other records than the documents.
        """
        self.ensure_one()
        return any(
            "." in condition.field_expr
            or condition.operator in ANY
            or any(map(is_relative, texts_of(condition.value)))
            for name, model in FILTERS.items()
            for condition in self._parse_filter(name, self.env[model]).iter_conditions()
        )

    @api.model
    def _first_policy_values(self, company):
        """Values of the policy with which a company starts."""
        return {
            "name": self.env._("Customer classes"),
            "company_id": company.id,
            "tz": company.partner_id.tz or self.env.user.tz or "UTC",
        }

    def _responsible_user(self):
        """Who is told of what a person has to look at."""
        self = self.sudo()  # other users' companies are not for everybody to read
        self.ensure_one()
        manager = self.env.ref("customer_classification.group_manager")
        candidates = self.responsible_id + self.published_by_id + self.create_uid
        candidates += manager.all_user_ids
        people = candidates.filtered(
            lambda user: user.active
            and user != self.env.ref("base.user_root")
            and self.company_id in user.company_ids
        )
        return people[:1] or self.env.ref("base.user_admin")

    def _today(self):
        """Today in the time zone of the policy."""
        return fields.Date.context_today(self.with_context(tz=self.tz))

    # Publishing

    @api.model
    def _published(self, company):
        """The published policy of a company, or an empty recordset: one query."""
        return self.search(
            [("company_id", "=", company.id), ("state", "=", "published")], limit=1
        )

    def action_publish(self):
        """Put these drafts in force, and show the run that classifies by the last."""
        self._publish()
        runs = [policy._queue_run() for policy in self]
        return runs[-1]._open_form() if runs else False

    def _queue_run(self):
        """Queue the run by the rules that this version changes, and return it.

        The scheduled action adds those of the other kinds whose rules differ.
        """
        return self._changed_rules()._queue_run(self)

    def _changed_rules(self):
        """The rules that this version changes; of several, those about customers."""
        kinds = self._rule_set_fields()
        return self[kinds.get(self.subject, "customer_rules_id")]

    def _publish(self):
        """Make these drafts the rules of their companies, and queue nothing."""
        self._check_may_publish()
        for policy in self:
            if policy.state == "published":
                continue
            current = self.sudo()._published(policy.company_id)
            policy._follow(current)
            # A tier may have been archived since, or an addon uninstalled.
            policy._check_rules()
            policy._check_filters()
            values = policy._since_values() | current._kept_values()
            policy._put_in_force(current, values)

    def _put_in_force(self, current, values):
        """Put this policy and its rules in force in place of others.

        :param values: what this version keeps of the one before
        """
        self, current = self.sudo(), current.sudo()
        current.state = "retired"
        current.flush_recordset(["state"])
        self.write(
            {
                "state": "published",
                "published_date": fields.Datetime.now(),
                "published_by_id": self.env.uid,
                **values,
            }
        )
        for name in self._inherits.values():
            self._put_rules_in_force(name)
        self._take_waiting_runs(current)

    def _put_rules_in_force(self, name):
        """Put draft rules of one kind in force.

        Rules that say what is in force already make way for it.
        """
        rules = self[name]
        if rules.state != "draft":
            return
        before = rules._published_rules()
        if before and rules._content() == before._content():
            self[name] = before
            self.flush_recordset([name])
            rules.unlink()
        else:
            rules._publish_as(before)

    def _take_waiting_runs(self, current):
        """Take over waiting runs whose rules stay the same: one query a kind."""
        for kind, name in self._rule_set_fields().items():
            if current and self._rules_since(kind) == current._rules_since(kind):
                self.env["classification.run"].sudo().search(
                    [
                        ("policy_id", "=", current.id),
                        ("kind", "=", self[name]._run_kind),
                        ("state", "in", ("queued", "waiting")),
                    ]
                ).policy_id = self

    def _follow_in_force(self):
        """Have a draft about one subject be up to date in all else."""
        if self.state == "draft" and self.subject != "all":
            self._follow(self.sudo()._published(self.company_id))

    def _follow(self, current):
        """Take over what is in force of all that this draft does not change."""
        self.ensure_one()
        kinds = self._rule_set_fields()
        if not current or self.state != "draft":
            return
        names = [
            name
            for kind, name in kinds.items()
            if kind != self.subject and self[name].state != "draft"
        ]
        names += _SHARED if self.subject in kinds else ()
        draft, current = self.sudo(), current.sudo()
        values = {
            name: self._fields[name].convert_to_write(current[name], current)
            for name in names
            if draft[name] != current[name]
        }
        if values:
            draft.write(values)

    def _check_may_publish(self):
        """Managers publish drafts of the companies in which they work.

        :raises AccessError: somebody else asks
        :raises UserError: a policy is retired
        """
        self._check_manager()
        self.check_access("write")
        if self.filtered(lambda policy: policy.state == "retired"):
            raise UserError(
                self.env._(
                    "A retired policy explains past classes. Make a new version of it "
                    "and publish that one."
                )
            )

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(
            "customer_classification.group_manager"
        ):
            raise AccessError(
                self.env._("Only a manager may write and publish policies.")
            )

    def action_ask_publish(self):
        """Publish the draft; ask first where no preview shows what it changes."""
        check_one(self)
        self._check_may_publish()
        self._follow_in_force()
        if self._is_previewed():
            return self.action_publish()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_publish_action"
        )
        return {**action, "context": {"default_policy_id": self.id}}

    def _is_previewed(self):
        """Whether a preview was made since the rules were changed last: one query."""
        rules = self._changed_rules()
        if not rules._preview_kind:
            return False
        changed = max(rules._last_change(), self.write_date)
        return bool(
            self.env["classification.run"].search_count(
                [
                    ("policy_id", "=", self.id),
                    ("kind", "=", rules._preview_kind),
                    ("state", "=", "done"),
                    ("create_date", ">=", changed),
                ],
                limit=1,
            )
        )

    def action_new_version(self):
        """Open a draft of all rules that starts from this policy."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        # What became invalid since is mended in the draft: nothing else can be changed.
        policy = self.with_context(references_judged_later=OWN)
        draft = policy.copy({"name": self.name}).with_env(self.env)
        draft.sudo().version = self._next_version(self.company_id)
        return draft._open_form()

    def action_new_source_version(self):
        """Open a draft of what all kinds share, with the rules in force."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        if self.state != "published":
            raise UserError(
                self.env._("Start from the version in force: others are not combined.")
            )
        draft = self._new_draft("source", {})
        # Whoever writes the filters answers for them.
        draft.sudo().write(
            {"filter_user_id": self.env.uid, "responsible_id": self.env.uid}
        )
        return draft._open_form()

    def _new_draft(self, subject, rules):
        """Return a draft of this policy that changes one subject.

        The caller has checked that the user may write policies.

        :param rules: ``{field: id}`` of the rules that are not those of this policy
        """
        self.ensure_one()
        policy = self.with_context(references_judged_later=OWN).sudo()
        given = {name: policy[name].id for name in self._inherits.values()} | rules
        shared = ("filter_user_id", "responsible_id")
        draft = policy.copy(
            {
                "name": self.name,
                "subject": subject,
                **given,
                **{name: policy[name].id for name in shared},
            }
        )
        draft.version = self._next_version(self.company_id)
        return draft.with_env(self.env)

    @api.model
    def _next_version(self, company):
        """The number after the highest one of a company."""
        [(highest,)] = self.sudo()._read_group(
            [("company_id", "=", company.id)], aggregates=["version:max"]
        )
        return (highest or 0) + 1

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_preview(self):
        """Show what the draft would change, without changing a class."""
        check_one(self)
        return self._changed_rules()._preview(self)._open_form()

    # Memory

    def _rules_since(self, kind):
        """The version since which the rules say the same, or which a draft repeats.

        :param kind: ``customer``, ``product`` or ``campaign``
        """
        self.ensure_one()
        since = self.sudo()[self._since_field(kind)]
        if since or self.state != "draft":
            return since or self
        current = self.sudo()._published(self.company_id)
        is_same = current and self._says_the_same(kind, current)
        return current._rules_since(kind) if is_same else self

    def _says_the_same(self, kind, other):
        """Whether two versions say the same of a kind.

        Skip an old version that refers to deleted records.
        """
        from ...engine import are_same

        name = self._rule_set_fields()[kind]
        if self._reader_of_filters() != other._reader_of_filters():
            return False
        if not self[name]._says_the_same(other[name]):
            return False
        try:
            return are_same(self._rules_about(kind), other._rules_about(kind))
        except ValidationError:
            return False

    def _reader_of_filters(self):
        """With whose rights documents are found; of nobody where all count."""
        has_filter = any(self._filter_text(name) for name in FILTERS)
        return self.sudo().filter_user_id if has_filter else False

    def _since_values(self):
        """Values that name the versions since which the rules are the same."""
        return {
            self._since_field(kind): self._rules_since(kind).id
            for kind in self._rule_set_fields()
        }

    def _versions_alike(self, kind):
        """``{version: those of these policies that say the same of a kind}``, each
        policy itself among them: one query."""
        field, own = self._since_field(kind), self._origin
        since = {policy: policy.sudo()[field] or policy for policy in own}
        ids = [version.id for version in since.values()]
        versions = self.sudo().search(["|", ("id", "in", ids), (field, "in", ids)])
        return {
            version: own.filtered(
                lambda one, it=version: one == it or since[one] == (it[field] or it)
            )
            for version in versions | own
        }

    # Kept limits

    def _compute_kept_limits_text(self):
        """Say since when and by whom limits are kept, and whether they apply."""
        for policy in self:
            current = policy._with_kept_limits()
            text = policy._kept_sentence(current) if current.kept_run_id else False
            policy.kept_limits_text = text

    def _kept_sentence(self, current):
        values = {
            "run": format_date(self.env, current.kept_run_id.as_of_date),
            "day": format_date(self.env, current.kept_date),
            "user": current.kept_by_id.name,
        }
        try:
            is_effective = self._kept_edges(self._parameters())
        except ValidationError:
            is_effective = None
        if is_effective:
            return self.env._(
                "The limits of the run as of %(run)s are kept, since %(day)s by "
                "%(user)s. New purchases do not move them.",
                **values,
            )
        return self.env._(
            "Limits are kept since %(day)s by %(user)s, but these rules find their "
            "own: they are other ones than those of the run as of %(run)s.",
            **values,
        )

    def _with_kept_limits(self):
        """The version that names the kept limits: a draft goes by the published one."""
        self.ensure_one()
        if self.state != "draft":
            return self.sudo()
        return self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")],
            limit=1,
        )

    def _kept_edges(self, parameters, current=None):
        """Return the kept limits that these rules would find in the same way.

        None without any.

        :param current: the published version, where it is known
        """
        from ...engine import Edges, standing_edges

        current = current or self._with_kept_limits()
        run = current.kept_run_id
        if not run.edges:
            return None
        try:
            rules = run.policy_id._parameters()
        except ValidationError:  # the rules of then name what is no more
            return None
        kept = standing_edges(Edges.from_json(run.edges), rules, parameters)
        since = fields.Datetime.context_timestamp(
            current.with_context(tz=current.tz), current.kept_date
        )
        has_any = kept.tier_limits or any(map(kept.thresholds, kept.bins))
        return kept.replace(frozen_since=str(since.date())) if has_any else None

    def _kept_values(self):
        """What the next version takes over of the kept limits."""
        return {
            "kept_run_id": self.kept_run_id.id,
            "kept_date": self.kept_date,
            "kept_by_id": self.kept_by_id.id,
        }

    def action_release_limits(self):
        """Let the next run over everybody find its own limits again.

        Until they are off by more than the tolerance of the policy, the kept ones
        stand as those of any run do.
        """
        check_one(self)
        self._check_manager()
        self.check_access("write")
        if self.state != "published" or not self.kept_run_id:
            raise UserError(self.env._("No limits are kept by this policy."))
        self.sudo().write(dict.fromkeys(self._kept_values(), False))

    # Where limits could be

    @api.depends_context("uid", "lang")
    def _compute_limits_histogram(self):
        for policy in self:
            policy.limits_histogram = policy._histogram_to_move()

    def _value_rules(self):
        """``{name: value}`` of the rules by which customers have their values, as
        JSON takes it; lines as a list of the values of each."""
        self.ensure_one()
        names = VALUE_RULES + (SCORE_RULES if self.value_metric == "score" else ())
        return {name: self._plain_rule(name) for name in names}

    def _plain_rule(self, name):
        if self._fields[name].type != "one2many":
            return self[name]
        lines = self[name]
        names = sorted(lines._rule_fields() - {"rules_id"})
        return [{key: line[key] for key in names} for line in lines.sorted("metric")]

    def _histogram_to_move(self):
        """The spread of values that fits this policy best, for its reader.

        Of its own last preview or run, or of the company's last run where only that
        had the same rules; False before the first. Three queries; it is read on a form.
        """
        tiers = self.env["customer.value.tier"].with_context(active_test=False)
        ordered = tiers.search([("is_unrated", "=", False)])
        sees_money = self.env["classification.run"]._sees_money()
        run, is_stale = self._histogram_run()
        return run and {
            **run._histogram_to_show(sees_money),
            "run_id": run.id,
            "as_of_date": fields.Date.to_string(run.as_of_date),
            "is_stale": is_stale,
            "has_money": sees_money,
            "tiers": [{"id": tier.id, "color": tier.color} for tier in ordered],
        }

    def _histogram_run(self):
        """Return the run of which the histogram is shown, and whether it is stale.

        It is stale where its values came by other rules than those of now. Before the
        first run, return no run and False.
        """
        run_model = self.env["classification.run"].sudo()
        # A policy on a form that is not saved may name any company.
        done = [
            ("company_id", "in", (self.company_id & self.env.companies).ids),
            ("scope", "=", "all"),
            ("kind", "in", ("preview", "production")),
            ("histogram", "!=", False),
        ]
        own = run_model.search([*done, ("policy_id", "=", self._origin.id)], limit=1)
        last = run_model.search([*done, ("kind", "=", "production")], limit=1)
        rules = self._value_rules()
        for run in own | last:
            if run.histogram["rules"] == rules:
                return run, False
        return (own or last), True

    # Running

    def action_recompute(self):
        """Queue a full run and show it; the scheduled action does the work."""
        check_one(self)
        run = self.env["classification.run"]._queue(self)
        return run._open_form()

    def action_open_runs(self):
        """Open the runs of this policy."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_run_action"
        )
        action["domain"] = [("policy_id", "=", self.id)]
        return action

    def recompute(
        self,
        as_of_date=None,
        partner_ids=None,
        kind="production",
        horizon_days=None,
    ):
        """Run this policy and return the :class:`classification.run`.

        :param as_of_date: day (or ISO text) up to which purchases count; today in
            the policy's time zone by default.
        :param partner_ids: ids of partners of whom only the customers are looked
            at, with the limits of the last full run; everybody by default.
        :param kind: ``production`` writes the classes; ``preview`` and
            ``back_test`` only the counts on the run.
        :param horizon_days: of a back-test: days after ``as_of_date`` of which the
            purchases are compared with the classes; 180 by default, fewer where
            fewer are over.
        :raises UserError: when another run of the company is under way, a production
            run is asked of a policy that is not published, the day is still to come,
            or an argument is of a wrong kind.
        """
        check_one(self)
        self._follow_in_force()
        runs = self.env["classification.run"]
        execution = runs._prepare(
            self,
            as_of_date=runs._day_argument(as_of_date),
            partner_ids=runs._partner_argument(partner_ids),
            kind=as_choice(self.env, kind, dict(RUN_KINDS), runs._label_of("kind")),
            horizon_days=runs._horizon_argument(horizon_days),
        )
        return execution.execute().with_env(self.env)

    def refresh(self):
        """Look at the customers whose documents changed since the last run, or whose
        day has come, and return the :class:`classification.run`.

        Gives what a run over everybody with the limits of the last one would give.

        :raises UserError: as :meth:`recompute`
        """
        check_one(self)
        execution = self.env["classification.run"]._prepare(self, scope="changed")
        return execution.execute().with_env(self.env)

    @api.model
    def _cron_recompute(self):
        """Run every published policy for today, and the runs that people queued."""
        self._process_queue("all")

    @api.model
    def _cron_refresh(self):
        """Bring the classes of every company up to the hour."""
        self._process_queue("changed")

    @api.model
    def _process_queue(self, scope):
        published = self.search([("state", "=", "published")], order="company_id")
        self.env["classification.run"]._process_queue(published, scope)
