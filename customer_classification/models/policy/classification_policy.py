from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..common.arguments import as_choice
from ..common.called_records import check_one
from ..common.language import known_language
from ..common.run_kinds import RUN_KINDS
from .rule_fields import (
    DEFAULT_TEMPLATE,
    DOCUMENT_FIELDS,
    FILTERS,
    RHYTHM_FIELDS,
    SAFETY_FIELDS,
    SOURCE_FIELDS,
)


class ClassificationPolicy(models.Model):
    """The versioned rules by which one company classifies.

    Runs, profiles and explanations refer to a policy. It combines one version of the
    rules of each kind (``_inherits``: their fields are fields of the policy) with what
    they share: sources, time zone, approval and drift. It is written as a draft,
    published once and never changed after that, so that its classes can be explained
    for ever.

    *Which version combines with which*: a draft about one kind takes all else from the
    policy in force, again whenever it is previewed and when it is published. Where a
    draft is equal, the version in force remains.

    *What a new version keeps*: classes, limits in force and grace periods belong to the
    rules that made them. A version with the same rules for customers, products or
    campaigns continues the one before: it names that one, and profiles refer to it.
    Where rules differ, each limit is compared for itself (``engine/memory.py``).
    """

    _name = "classification.policy"
    _inherit = [
        "classification.policy.display.mixin",
        "classification.policy.publishing.mixin",
        "classification.policy.memory.mixin",
        "classification.policy.sources.mixin",
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

    run_ids = fields.One2many("classification.run", "policy_id")

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published policy. Retire the other one first.",
    )

    # Combined rules

    @property
    def _protected_fields(self):
        """Extend with the rules of each kind, which higher rooms add."""
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

    # Rules as values and text

    @api.model
    def _default_responsible(self):
        """Return the author of the policy; None for the first ones.

        No person wrote the first policies.
        """
        return self.env.user if self.env.uid != SUPERUSER_ID else False

    @api.model
    def _first_policy_values(self, company):
        """Values of the policy with which a company starts, in its language."""
        own = self.with_context(lang=known_language(self.env, company.partner_id.lang))
        return {
            "name": own.env._("Customer classes"),
            "company_id": company.id,
            "tz": company.partner_id.tz or self.env.user.tz or "UTC",
        }

    def _responsible_user(self):
        """Return the user to notify about what needs a person's attention."""
        self = self.sudo()  # not everybody may read other users' companies
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

    @api.model
    def _bounds(self):
        """Return the bounds, equal to those of the engine.

        The engine itself judges contradictions between rules.
        """
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
        """Return the label of a field."""
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
        """Return the rules for counting purchases, as the engine compares them."""
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
        """Return the tier for values of 0 and less, or an empty one."""
        return self.customer_rules_id._no_value_tier()

    def _value_digits(self):
        """Return the decimals of the values that decide tiers."""
        return self.customer_rules_id._value_digits()

    def _tier_benefits(self):
        """Return the benefits that the tiers grant."""
        return self.customer_rules_id._tier_benefits()

    # Deprecated since 19.0.1.5.0: methods of the customer rules.

    def action_take_segments(self, template=DEFAULT_TEMPLATE):
        """Replace the segments of the customer rules by those of a template."""
        check_one(self)
        return self.customer_rules_id.action_take_segments(template)

    def get_segment_grid(self):
        """Return the number of the company's customers by scores."""
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
        :param partner_ids: ids of partners to whose customers the run is limited, with
            the limits of the last full run; everybody by default.
        :param kind: ``production`` writes the classes; ``preview`` and
            ``back_test`` only the counts on the run.
        :param horizon_days: of a back-test: days after ``as_of_date`` whose purchases
            are compared with the classes; 180 by default, fewer if fewer have passed.
        :raises UserError: when another run of the company is under way, a production
            run is asked of a policy that is not published, the day is in the future, or
            an argument is of a wrong kind.
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
        """Look at the customers with changes or a due day since the last run.

        Changes are those of documents. The result equals that of a run over everybody
        with the limits of the last one.

        :return: the :class:`classification.run`
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
