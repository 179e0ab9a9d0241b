import operator as op

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .called_records import check_one, check_records
from .customer_profile import MONEY_GROUP
from .searched_values import (
    COMPARISONS,
    asks_for_none,
    compared_value,
    ids_among,
    values_among,
    whole_bound,
)

# Portal users and visitors see nothing of a classification.
USER_GROUP = "base.group_user"
# Numbers of a customer, which contacts show, too.
COUNTED_ONCE = frozenset(
    (
        *("customer_order_count", "customer_revenue", "customer_value_score"),
        *("customer_employee_count", "customer_turnover"),
    )
)
UNKNOWN_IF_ZERO = frozenset(("customer_employee_count", "customer_turnover"))
COMPARE = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


class _NumberOfTheProfile:
    """A number shown on contacts, which is 0 for who has no profile.

    Compared with 0, Odoo's related fields take every contact without a profile for
    a match: *more than 0* would find all who never bought.
    """

    def _search_related(self, records, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator == "in":
            known = values_among(self, value)
            if asks_for_none(value) or 0 in known:
                # 0 as False: Odoo's amounts take an integer 0 for another number.
                known = [*filter(None, known), False]
            return super()._search_related(records, operator, known)
        if operator not in COMPARISONS:
            return super()._search_related(records, operator, value)
        value = compared_value(records.env, self, value)
        bound = whole_bound(operator, value) if self.type == "integer" else value
        *path, number = self.related.split(".")
        domain = self._along(path, Domain(number, operator, bound))
        if COMPARE[operator](0, value):
            domain |= ~self._along(path, Domain.TRUE)
        return domain

    def _along(self, path, domain):
        """A domain of what a path of records leads to."""
        for name in reversed(path):
            domain = Domain(name, "any!", domain)
        return domain


class ProfileInteger(_NumberOfTheProfile, fields.Integer):
    """An integer of the profile."""


class ProfileFloat(_NumberOfTheProfile, fields.Float):
    """A float of the profile."""


class ProfileMonetary(_NumberOfTheProfile, fields.Monetary):
    """An amount of the profile."""


class ResPartner(models.Model):
    """Shows the profile of the commercial partner in the user's company.

    Nothing is stored on ``res_partner``: a recompute cannot collide with someone who
    edits a contact. The fields are searched, sorted and grouped through one join.
    """

    _name = "res.partner"
    _inherit = [
        "res.partner",
        "classification.tagged.mixin",
        "classification.counted.once.mixin",
    ]
    # Contacts show the numbers of their customer.
    _counted_by = ("commercial_partner_id",)
    _counted_once = COUNTED_ONCE
    _unknown_if_zero = UNKNOWN_IF_ZERO

    # Runs that look only at what changed ask for it every hour.
    _customer_write_date_index = models.Index("(write_date)")
    # What record rules of others ask most: the salesperson's own contacts.
    _customer_user_index = models.Index("(user_id) WHERE user_id IS NOT NULL")

    customer_profile_id = fields.Many2one(
        "customer.profile",
        compute="_compute_customer_profile_id",
        search="_search_customer_profile_id",
        compute_sudo=True,
        help="What is known of this customer in the current company.",
        groups=USER_GROUP,
    )
    customer_value_tier_id = fields.Many2one(
        related="customer_profile_id.value_tier_id",
        string="Value Tier",
        groups=USER_GROUP,
    )
    customer_lifecycle_stage_id = fields.Many2one(
        related="customer_profile_id.lifecycle_stage_id",
        string="Lifecycle Stage",
        groups=USER_GROUP,
    )
    customer_churn_risk = fields.Selection(
        related="customer_profile_id.churn_risk",
        string="Churn Risk",
        groups=USER_GROUP,
    )
    customer_value_score = ProfileFloat(
        related="customer_profile_id.value_score",
        string="Value Score",
        groups=USER_GROUP,
    )
    customer_rfm_code = fields.Char(
        related="customer_profile_id.rfm_code",
        string="RFM",
        groups=USER_GROUP,
    )
    customer_segment_id = fields.Many2one(
        related="customer_profile_id.segment_id",
        string="Segment",
        groups=USER_GROUP,
    )
    customer_segment_color = ProfileInteger(
        related="customer_profile_id.segment_id.color",
        string="Segment Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    # Stays for one release for clients and saved filters of before.
    customer_rfm_segment = fields.Char(
        related="customer_profile_id.segment_id.code",
        string="Segment Code (Deprecated)",
        groups=USER_GROUP,
        help="Use the segment instead.",
    )
    customer_tier_color = ProfileInteger(
        related="customer_profile_id.value_tier_id.color",
        string="Value Tier Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_stage_color = ProfileInteger(
        related="customer_profile_id.lifecycle_stage_id.color",
        string="Lifecycle Stage Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_risk_color = fields.Integer(
        related="customer_profile_id.churn_risk_color",
        string="Churn Risk Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_currency_id = fields.Many2one(
        related="customer_profile_id.currency_id",
        string="Classification Currency",
        groups=USER_GROUP,
    )
    customer_revenue = ProfileMonetary(
        related="customer_profile_id.revenue",
        currency_field="customer_currency_id",
        string="Revenue in the Window",
        groups=MONEY_GROUP,
    )
    customer_order_count = ProfileInteger(
        related="customer_profile_id.order_count",
        string="Orders in the Window",
        groups=USER_GROUP,
    )
    customer_last_purchase_date = fields.Date(
        related="customer_profile_id.last_purchase_date",
        string="Last Purchase",
        groups=USER_GROUP,
    )
    customer_expected_purchase_date = fields.Date(
        related="customer_profile_id.expected_purchase_date",
        string="Next Purchase Expected",
        groups=USER_GROUP,
    )
    customer_tier_explanation = fields.Char(
        related="customer_profile_id.tier_explanation",
        string="Why This Tier",
        groups=USER_GROUP,
    )
    customer_stage_explanation = fields.Char(
        related="customer_profile_id.stage_explanation",
        string="Why This Stage",
        groups=USER_GROUP,
    )
    customer_risk_explanation = fields.Char(
        related="customer_profile_id.risk_explanation",
        string="Why This Risk",
        groups=USER_GROUP,
    )
    customer_segment_explanation = fields.Char(
        related="customer_profile_id.segment_explanation",
        string="Why This Segment",
        groups=USER_GROUP,
    )
    customer_segment_action = fields.Text(
        related="customer_profile_id.segment_id.action",
        string="Suggested Action",
        groups=USER_GROUP,
    )
    customer_as_of_date = fields.Date(
        related="customer_profile_id.as_of_date",
        string="Classified As Of",
        groups=USER_GROUP,
    )
    customer_tag_link_ids = fields.One2many(
        "classification.tag.link",
        "partner_id",
        string="Where the Tags Come From",
        groups=USER_GROUP,
    )
    customer_change_count = fields.Integer(
        related="customer_profile_id.change_count",
        string="Class Changes",
        groups=USER_GROUP,
        aggregator=None,
    )

    def write(self, vals):
        """Whoever leaves a company takes documents along: it is looked at again."""
        if {"parent_id", "is_company"} & set(vals):
            self.check_access("write")
            self.env["classification.dirty"].sudo()._mark(self)
        return super().write(vals)

    @api.onchange("category_id")
    def _onchange_category_id(self):
        return self._drop_rivals()

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_customer_profile_id(self):
        """The profile of each commercial partner in the current company: one query."""
        profiles = (
            self.env["customer.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("partner_id", "in", self._shown_customers().ids),
                    ("company_id", "=", self.env.company.id),
                ],
                order="id",
            )
        )
        by_partner = {profile.partner_id: profile for profile in profiles}
        for partner in self:
            partner.customer_profile_id = by_partner.get(partner.commercial_partner_id)

    def _shown_customers(self):
        """The customers behind these contacts, of whom the reader may know.

        A contact on a form that is not saved may name anybody as its company: there,
        what the reader may read decides, and one query more.
        """
        customers = self.commercial_partner_id
        if all(self._ids):
            return customers
        saved = customers._origin.with_env(self.env(su=False))
        return saved._filtered_access("read").with_env(self.env)

    def _customer_profile_join(self, alias, query):
        """Join the profile to a query on partners, once; return its alias."""
        profile_alias = query.make_alias(alias, "customer_profile")
        query.add_join(
            "LEFT JOIN",
            profile_alias,
            "customer_profile",
            SQL(
                "%s = %s AND %s = %s",
                SQL.identifier(profile_alias, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
                SQL.identifier(profile_alias, "company_id"),
                self.env.company.id,
            ),
        )
        return profile_alias

    def _field_to_sql(self, alias, field_expr, query=None):
        """The profile and its fields, for sorting and grouping, through that join."""
        field = self._fields.get(field_expr)
        if query is None or field is None:
            return super()._field_to_sql(alias, field_expr, query)
        if field.name == "customer_profile_id":
            self._check_field_access(field, "read")
            return SQL.identifier(self._customer_profile_join(alias, query), "id")
        path = (field.related or "").split(".")
        if path[0] == "customer_profile_id" and len(path) == 2:
            self._check_field_access(field, "read")
            profile = self.env["customer.profile"].sudo()
            return profile._field_to_sql(
                self._customer_profile_join(alias, query), path[1], query
            )
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _search_customer_profile_id(self, operator, value):
        """Search on the profile's fields through the join: a sub-select of the
        customers *without* something does not end on a million partners.

        Who may not read the field may not search by it either: an answer would tell
        as much. Odoo does not check that for fields with a search method; checking
        in this method would not do, because Odoo takes an error for "not supported".
        """
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("any", "any!"):
            return Domain.custom(to_sql=self._customer_profile_matcher(value))
        if operator == "in":
            return Domain.custom(to_sql=self._customer_profile_finder(value))
        return Domain("commercial_partner_id", operator, value) & Domain(
            "customer_profile_id", "!=", False
        )

    def _customer_profile_matcher(self, domain):
        def to_sql(model, alias, query):
            model._check_field_access(model._fields["customer_profile_id"], "read")
            profile_alias = model._customer_profile_join(alias, query)
            # As the user: fields of money are refused to who may not see them.
            profiles = model.env["customer.profile"]
            condition = Domain(domain).optimize_full(profiles)
            return SQL(
                "(%s IS NOT NULL AND %s)",
                SQL.identifier(profile_alias, "id"),
                condition._to_sql(profiles, profile_alias, query),
            )

        return to_sql

    def _customer_profile_finder(self, values):
        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "customer_profile_id", query)
            found = SQL("%s = ANY(%s)", column, ids_among(values))
            if not asks_for_none(values):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return to_sql

    def action_recompute_customer(self):
        """Recompute the classes of these customers in the current company."""
        check_records(self)
        return self.env["classification.run"]._recompute_now(self, self.env.company)

    def action_open_customer_profile(self):
        """Open the profile of this customer."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "customer.profile",
            "res_id": self.customer_profile_id.id,
            "view_mode": "form",
        }

    def action_open_customer_changes(self):
        """Open the history of this customer's classes."""
        check_one(self)
        return self.customer_profile_id.action_open_changes()
