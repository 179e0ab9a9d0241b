import contextlib
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ...models.common.access_groups import MANAGER_GROUP
from ...models.common.arguments import as_choice
from ...models.common.called_records import check_one
from ...models.setup.templates import (
    RECORD_LISTS,
    TEMPLATE_SELECTION,
    read_template,
    says_what_template_says,
)

# Those who give groups to users.
ACCESS_RIGHTS_GROUP = "base.group_erp_manager"
ROLE_SELECTION = [("user", "User"), ("officer", "Officer"), ("manager", "Manager")]


class ClassificationFirstSteps(models.TransientModel):
    """First steps of a company: choose a template, preview, publish, invite.

    What is done is known by the company and its policy; the page itself holds what is
    chosen on it.
    """

    _name = "classification.first.steps"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "First Steps"
    _fixed_fields = frozenset({"company_id"})

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    template = fields.Selection(
        TEMPLATE_SELECTION,
        required=True,
        default=lambda self: self.env.company.customer_template or "shop",
    )
    template_text = fields.Char(string="What It Is For", compute="_compute_texts")
    content_text = fields.Char(string="What It Sets", compute="_compute_texts")
    chosen_text = fields.Char(string="Chosen Template", compute="_compute_state")
    is_chosen = fields.Boolean(compute="_compute_state")
    needs_consent = fields.Boolean(compute="_compute_state")
    has_consent = fields.Boolean(
        string="Prepare It beside the Rules in Force",
        help="The rules in force stay until you publish the draft of the template.",
    )
    policy_id = fields.Many2one(
        "classification.policy", string="Draft", compute="_compute_state"
    )
    is_previewed = fields.Boolean(compute="_compute_state")
    preview_text = fields.Char(string="Last Preview", compute="_compute_state")
    is_published = fields.Boolean(compute="_compute_state")
    people_text = fields.Char(string="Who Works with It", compute="_compute_people")
    is_invited = fields.Boolean(compute="_compute_people")
    may_invite = fields.Boolean(compute="_compute_people")
    user_ids = fields.Many2many(
        "res.users",
        string="Users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    role = fields.Selection(ROLE_SELECTION, required=True, default="user")

    # What the page says

    @api.depends_context("lang")
    def _compute_display_name(self):
        self.display_name = self.env._("First Steps")

    @api.depends("template")
    @api.depends_context("lang")
    def _compute_texts(self):
        for page in self:
            page.template_text = page._template_texts().get(page.template, False)
            page.content_text = page.template and page._content_text()

    @api.model
    def _template_texts(self):
        """Return ``{template: what it is for}``."""
        return {
            "shop": self.env._(
                "Many customers, small orders: high, medium and low value by shares of "
                "the customers. A customer is rated from the first order on."
            ),
            "travel": self.env._(
                "Few and large purchases, about once a year: two years are looked at. "
                "High value gets exclusive routes, low value discounted ones."
            ),
            "b2b": self.env._(
                "Few customers with long rhythms: two years are looked at, nobody is "
                "dormant within half a year, and growth counts."
            ),
            "wholesale": self.env._(
                "Regular customers with invoices, bonuses and returns: credit notes "
                "without origin count, and VIPs are the best 3 %."
            ),
            "subscription": self.env._(
                "An invoice each month: a missed one is soon a signal, and how long a "
                "customer has stayed counts."
            ),
            "empty": self.env._(
                "The rules with which every company starts, without tags and playbooks."
            ),
        }

    def _content_text(self):
        """Say what the chosen template sets, with numbers: two queries."""
        content = read_template(self.template)
        tiers = [line["tier"] for line in content["policy"]["tiers"]]
        names = {
            tier.code: tier.name
            for tier in self.env["customer.value.tier"]
            .with_context(active_test=False)
            .search([("code", "in", tiers)])
        }
        return self.env._(
            "Value tiers: %(tiers)s. Window: %(months)s months. Beside the rules: "
            "%(tags)s smart tags and %(playbooks)s playbooks, switched off; "
            "%(products)s product tags and %(campaigns)s campaign types.",
            tiers=self.env._(" · ").join(names.get(code, code) for code in tiers),
            months=content["policy"]["rules"]["window_months"],
            tags=len(content["tag_rules"]),
            products=len(content["product_tags"]),
            campaigns=len(content["campaign_types"]),
            playbooks=len(content["playbooks"]),
        )

    @api.depends("company_id", "template")
    @api.depends_context("lang")
    def _compute_state(self):
        """Find what is done: three queries a page."""
        labels = dict(self._fields["template"]._description_selection(self.env))
        for page in self:
            policy, chosen = page._template_policy(), page.company_id.customer_template
            run = page._last_preview(policy)
            page.policy_id = policy
            page.is_chosen = bool(policy) and chosen == page.template
            page.chosen_text = bool(policy) and labels.get(chosen, False)
            page.needs_consent = not page.is_chosen and page._has_own_rules()
            page.is_previewed = bool(run)
            page.preview_text = bool(run) and run._result_sentence()
            page.is_published = policy.state in ("published", "retired")

    def _template_policy(self):
        """Return the policy that was made of a template, or an empty recordset."""
        policy = self.company_id.sudo().customer_template_policy_id
        return policy.filtered(lambda one: one.company_id == self.company_id).sudo(
            False
        )

    def _has_own_rules(self):
        """Check if other rules are in force than those of the beginning."""
        current = self.env["classification.policy"]._published(self.company_id)
        return bool(current) and not says_what_template_says(current, "empty")

    def _last_preview(self, policy):
        """Return the last preview of a policy, or an empty recordset."""
        return self.env["classification.run"].search(
            [
                ("policy_id", "=", policy.id),
                ("kind", "=", "preview"),
                ("state", "=", "done"),
            ],
            order="id desc",
            limit=1,
        )

    @api.depends("company_id")
    @api.depends_context("uid", "lang")
    def _compute_people(self):
        """Count the users of the company by role: three queries a page."""
        self.may_invite = self.env.user.has_group(ACCESS_RIGHTS_GROUP)
        for page in self:
            counts = [page._count_users(role) for role, __ in ROLE_SELECTION]
            page.is_invited = counts[0] > 1
            page.people_text = self.env._(
                "%(users)s users see the classes, %(officers)s of them decide as "
                "officers, %(managers)s as managers.",
                users=counts[0],
                officers=counts[1],
                managers=counts[2],
            )

    def _count_users(self, role):
        """Count the internal users of the company with the rights of a role."""
        # Not everybody may read other users' companies, and a form that is not saved
        # may name any company.
        company = self.company_id & self.env.companies
        return (
            self.env["res.users"]
            .sudo()
            .search_count(
                [
                    ("share", "=", False),
                    ("company_ids", "in", company.ids),
                    ("all_group_ids", "in", self._role_group(role).ids),
                ]
            )
        )

    @api.model
    def _role_group(self, role):
        return self.env.ref(f"customer_classification.group_{role}")

    # Rights

    def _check_may_set_up(self):
        """Refuse all but one page, of a manager, for an active company.

        :raises AccessError: somebody else asks
        """
        check_one(self)
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(
                self.env._("Only managers of the classification may do this.")
            )
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._("Switch on the company for which you write this first.")
            )

    # Choosing

    def action_choose(self):
        """Make the draft of the template and what belongs to it; once.

        :raises UserError: rules of the company's own are in force, and nobody agreed
        """
        self._check_may_set_up()
        label = self.env._("Template")
        code = as_choice(self.env, self.template, dict(TEMPLATE_SELECTION), label)
        if not self.is_chosen:
            self._check_consent()
            self._choose(code, read_template(code))
        return self._reopen()

    def _check_consent(self):
        if self.needs_consent and not self.has_consent:
            raise UserError(
                self.env._(
                    "Rules of your own are in force. Tick “%s” first: they stay until "
                    "you publish the draft.",
                    self._fields["has_consent"]._description_string(self.env),
                )
            )

    def _choose(self, code, content):
        """Set up a template that has been checked."""
        self._delete_untouched_draft()
        policy = self._create_draft(code, content["policy"])
        for name, model in RECORD_LISTS.items():
            for record in self._library(model, content[name]):
                # Where the company has such a tag, the library's stays archived.
                with contextlib.suppress(UserError), self.env.cr.savepoint():
                    self._take_up(record)
        for playbook in content["playbooks"]:
            self._take_playbook(playbook["template"], playbook["tiers"])
        self.company_id.sudo().write(
            {"customer_template": code, "customer_template_policy_id": policy.id}
        )
        self.has_consent = False
        self.invalidate_recordset()

    def _create_draft(self, code, document):
        """Return the draft policy of a template, in the words of the reader."""
        labels = dict(self._fields["template"]._description_selection(self.env))
        policies = self.env["classification.policy"]
        timezone = policies._first_policy_values(self.company_id)["tz"]
        rules = {**document["rules"], "tz": timezone}
        named = {**document, "name": labels[code], "rules": rules}
        return policies._from_file(json.dumps(named).encode(), self.company_id)

    @api.model
    def _library(self, model, names):
        """Return records of the library that are still there: a query for each."""
        records = self.env[model]
        for name in names:
            path = f"customer_classification.{name}"
            records |= self.env.ref(path, raise_if_not_found=False) or records
        return records

    def _take_up(self, record):
        """Set up a record of the library for the company."""
        if record._name == "classification.tag.rule":
            # The library's rules are those of the first company: others copy them.
            self._take_rule(record.sudo())
        else:
            self._unarchive(record)

    def _take_rule(self, library_rule):
        """Have a rule of a tag for the company, switched off.

        It gives no tag until somebody has seen its preview.
        """
        tag = library_rule._tag().with_env(self.env)
        field = f"{library_rule.kind}_tag_id"
        rules = self.env["classification.tag.rule"].with_context(active_test=False)
        conditions = [(field, "=", tag.id), ("company_id", "=", self.company_id.id)]
        own = rules.search(conditions)
        if own.filtered("active"):
            return
        self._unarchive(tag)
        if own:
            own[0].active = True
        else:
            library_rule.copy({"company_id": self.company_id.id, "active": True})

    @api.model
    def _unarchive(self, record):
        """Unarchive a record, with those above it."""
        above = record
        if "parent_path" in record._fields:
            above = record.browse(map(int, record.parent_path.strip("/").split("/")))
        above.filtered(lambda one: not one.active).active = True

    def _delete_untouched_draft(self):
        """Delete the draft of the template chosen before, if nobody touched it."""
        policy = self._template_policy()
        chosen = self.company_id.customer_template
        is_draft = policy.state == "draft" and not policy.run_ids
        if is_draft and says_what_template_says(policy, chosen):
            policy.unlink()

    def _take_playbook(self, name, tiers):
        """Make a playbook of a template, switched off; not where there is one.

        :param tiers: codes of the value tiers that it is for, none for its own
        """
        template = self._library("customer.playbook", [name])
        if not template or self._playbooks_named(template):
            return
        company = self.with_company(self.company_id)
        opened = template.with_env(company.env).action_use_template()
        playbook = self.env["customer.playbook"].browse(opened["res_id"])
        if tiers:
            chosen = self.env["customer.value.tier"].search([("code", "in", tiers)])
            playbook.tier_ids = [Command.set(chosen.ids)]

    def _playbooks_named(self, template):
        """Return the company's playbooks that are called as a template is."""
        return (
            self.env["customer.playbook"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("name", "=", template.name),
                ],
                limit=1,
            )
        )

    # The other steps

    def _chosen_policy(self):
        """Return the draft of the template.

        :raises UserError: none was chosen, or it was published
        """
        self._check_may_set_up()
        policy = self._template_policy()
        if policy.state != "draft":
            raise UserError(self.env._("Choose a template first."))
        return policy

    def action_preview(self):
        """Show what the template would change on the company's own data."""
        return self._chosen_policy().action_preview()

    def action_publish(self):
        """Put the template in force; ask first if it was not previewed."""
        return self._chosen_policy().action_ask_publish()

    def action_open_policy(self):
        """Open the rules about customers of the template."""
        self._check_may_set_up()
        rules = self._template_policy().customer_rules_id
        if not rules:
            raise UserError(self.env._("Choose a template first."))
        return rules._open_form()

    def action_invite(self):
        """Give the chosen users the role, with the rights of the caller."""
        self._check_may_set_up()
        if not self.env.user.has_group(ACCESS_RIGHTS_GROUP):
            raise AccessError(
                self.env._("Only who administers users may give them a role.")
            )
        role = as_choice(self.env, self.role, dict(ROLE_SELECTION), self.env._("Role"))
        users = self.user_ids.filtered(
            lambda user: not user.share and self.company_id in user.company_ids
        )
        if not users:
            raise UserError(self.env._("Choose users of the company first."))
        users.write({"group_ids": [Command.link(self._role_group(role).id)]})
        self.user_ids = False
        self.invalidate_recordset()
        return self._reopen()

    def action_done(self):
        """Begin with the overview from now on."""
        self._check_may_set_up()
        self.company_id.sudo().customer_first_steps = False
        return self.env["customer.overview"].action_open()

    def _reopen(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_first_steps_action"
        )
        return {**action, "res_id": self.id, "target": "main"}
