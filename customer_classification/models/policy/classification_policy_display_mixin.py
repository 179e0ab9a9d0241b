import base64
import json

from odoo import api, fields, models

from ..common.called_records import check_one
from ..common.run_kinds import RUN_KINDS
from . import rules_comparison
from .customer_rules_warnings import customer_warnings
from .locked_views import lock_published
from .policy_file import PolicyFile, to_file
from .rule_fields import (
    NO_VALUE_TIER,
    SAFETY_FIELDS,
    SOURCE_FIELDS,
)


class ClassificationPolicyDisplayMixin(models.AbstractModel):
    """Display of a policy beside its rules, and the rules as a file."""

    _name = "classification.policy.display.mixin"
    _description = "Display of a Policy"

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
        """Return the moment of publishing.

        Versions of one second follow each other.
        """
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
        """Return ``{label: text}`` of all rules and lines, ordered as the forms."""
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
        :raises UserError: the file is broken, or has an unknown entry or one of a wrong
            type, naming it
        :raises ValidationError: its rules contradict each other
        """
        self.check_access("create")
        values = PolicyFile(self.env, content).values()
        version = self._next_version(company)
        draft = self.create({**values, "company_id": company.id})
        draft.sudo().version = version
        return draft
