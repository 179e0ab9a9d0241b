from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import as_choice
from ..customer.classification_move_mixin import CLASS_FIELDS
from ..customer.columns import STAGE_RANK
from ..customer.selections import RISK_COLORS, RISK_SELECTION
from .classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Of the first day, and of the second one.
AMOUNTS = ("before", "revenue")
# Better is higher, as for stages.
RISK_RANK = {"low": 2, "medium": 1, "high": 0}


class ClassificationMigration(models.Model):
    """One customer in one company on two days: from which classes to which.

    The days are ``history_from_date``, 90 days before the second one by default, and
    ``history_date``; see ``classification.history.mixin``. Each customer of one of the
    days has a row.

    *Query budget*: one for the rows, one for the time zones, and what revenue takes.
    """

    _name = "classification.migration"
    _inherit = "classification.history.revenue.mixin"
    _description = "Customer between Two Days"
    _auto = False
    _revenue_fields = {"from_revenue": "from_customer", "to_revenue": "to_customer"}

    from_customer = fields.Boolean(
        string="Customer Before",
        readonly=True,
        depends_context=DAY_KEYS,
        help="Had a class on the first day.",
    )
    to_customer = fields.Boolean(
        string="Customer After",
        readonly=True,
        depends_context=DAY_KEYS,
        help="Had a class on the second day.",
    )
    from_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier Before",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    to_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier After",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    from_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage Before",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    to_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage After",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    from_risk = fields.Selection(
        RISK_SELECTION, string="Risk Before", readonly=True, depends_context=DAY_KEYS
    )
    to_risk = fields.Selection(
        RISK_SELECTION, string="Risk After", readonly=True, depends_context=DAY_KEYS
    )
    from_tier_color = fields.Integer(
        related="from_tier_id.color", string="From Color", aggregator=None
    )
    to_tier_color = fields.Integer(
        related="to_tier_id.color", string="To Color", aggregator=None
    )
    from_stage_color = fields.Integer(
        related="from_stage_id.color", string="From Stage Color", aggregator=None
    )
    to_stage_color = fields.Integer(
        related="to_stage_id.color", string="To Stage Color", aggregator=None
    )
    from_risk_color = fields.Integer(compute="_compute_risk_colors")
    to_risk_color = fields.Integer(compute="_compute_risk_colors")
    from_revenue = fields.Monetary(
        string="Revenue Before",
        compute="_compute_revenue",
        search="_search_from_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends on the first day, "
        "of who was a customer then: by the rules and the documents of today.",
    )
    to_revenue = fields.Monetary(
        string="Revenue After",
        compute="_compute_revenue",
        search="_search_to_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends on the second day, "
        "of who was a customer then: by the rules and the documents of today.",
    )

    @property
    def _table_query(self):
        first, last = self._days()
        return SQL(" UNION ALL ").join(
            self._company_query(company, first, last, zone)
            for company, __, zone in self._company_days(last)
        )

    @api.model
    def _company_query(self, company, first, last, zone):
        """Return SQL of the rows of one company, by one walk through the changes.

        Of each customer and axis: the latest change up to the later day, and the latest
        one up to the earlier day, which is the one that a change after that day
        follows.

        Not a join of two days: PostgreSQL cannot tell how many customers a day has,
        and might choose a nested loop for a million of them.
        """
        later, earlier = SQL("newer IS NULL"), SQL("is_earlier")
        start, end = (earlier, later) if first <= last else (later, earlier)
        return SQL(
            """
            SELECT (partner_id::bigint << %(bits)s) + %(company)s AS id,
                   partner_id,
                   %(company)s AS company_id,
                   %(classes)s
              FROM (SELECT *, valid_date <= %(earlier_day)s
                              AND (newer IS NULL OR newer > %(earlier_day)s)
                              AS is_earlier
                      FROM (SELECT *, lag(valid_date) OVER (
                                       PARTITION BY partner_id, axis
                                       ORDER BY valid_date DESC, create_date DESC,
                                                id DESC) AS newer
                              FROM (%(changes)s) known) followed) latest
             WHERE newer IS NULL OR is_earlier
             GROUP BY partner_id
            HAVING %(is_start)s OR %(is_end)s
            """,
            bits=COMPANY_BITS,
            company=company.id,
            classes=SQL(", ").join(
                [*self._ends("from", start), *self._ends("to", end)]
            ),
            earlier_day=min(first, last),
            changes=self._changes_query(company, max(first, last), zone),
            is_start=self._is_customer(start),
            is_end=self._is_customer(end),
        )

    @api.model
    def _ends(self, end, condition):
        """Return SQL of the columns of one day, with the condition of its changes."""
        columns = {
            f"{end}_customer": self._is_customer(condition),
            f"{end}_tier_id": SQL("max(to_tier_id) FILTER (WHERE %s)", condition),
            f"{end}_stage_id": SQL("max(to_stage_id) FILTER (WHERE %s)", condition),
            f"{end}_risk": SQL("max(to_risk) FILTER (WHERE %s)", condition),
        }
        return [SQL("%s AS %s", v, SQL.identifier(k)) for k, v in columns.items()]

    @api.model
    def _revenue_days(self, name):
        first, last = self._days()
        return self._company_days(first if name == "from_revenue" else last)

    @api.depends("partner_id", "company_id", "from_customer", "to_customer")
    @api.depends_context(*DAY_KEYS)
    def _compute_revenue(self):
        self._compute_day_revenue()

    @api.model
    def _search_from_revenue(self, operator, value):
        return self._search_day_revenue("from_revenue", operator, value)

    @api.model
    def _search_to_revenue(self, operator, value):
        return self._search_day_revenue("to_revenue", operator, value)

    @api.depends("from_risk", "to_risk")
    @api.depends_context(*DAY_KEYS)
    def _compute_risk_colors(self):
        for row in self:
            row.from_risk_color = RISK_COLORS.get(row.from_risk, 0)
            row.to_risk_color = RISK_COLORS.get(row.to_risk, 0)

    # Matrix

    @api.model
    @api.readonly
    def get_matrix(self, axis):
        """Return the numbers of customers from class to class between two days.

        New customers since the first day are in the first row, customers lost until the
        second day in the last column. So the other rows add up to the customers of the
        first day, and the other columns to those of the second.

        :param axis: ``value_tier``, ``lifecycle_stage`` or ``churn_risk``
        :return: dict of

            - ``from_date``, ``to_date``; - ``first_date``: the first day with a class,
            False where there is none; - ``currency_id`` of the amounts, False where
            there are none: without access to them, and where enabled companies have
            several currencies; - ``rows`` and ``columns``, in the order of the classes:
            dicts of ``name``, ``color``, ``rank`` (higher is better; False compares
            with nothing), ``is_customer``, and ``domain`` of the customers; -
            ``cells``: those with customers, dicts of ``row`` and ``column`` (places in
            the lists), ``count``, and ``before`` and ``revenue``: of these customers on
            the first and on the second day
        :raise UserError: on an unknown axis and on an invalid day

        At most four queries for any number of customers with both days given, two more
        with amounts, and one more for each time zone lookup.
        """
        self.browse().check_access("read")
        as_choice(self.env, axis, CLASS_FIELDS, self.env._("Axis"))
        first, last = self._days()
        currency = self._matrix_currency()
        groups = self._matrix_groups(axis, bool(currency))
        classes = self._matrix_classes(axis, groups)
        return {
            "from_date": fields.Date.to_string(first),
            "to_date": fields.Date.to_string(last),
            "first_date": fields.Date.to_string(self._first_day()),
            "currency_id": currency.id,
            "rows": [self._outside("from"), *self._heads(axis, "from", classes)],
            "columns": [*self._heads(axis, "to", classes), self._outside("to")],
            "cells": self._matrix_cells(groups, [head["key"] for head in classes]),
        }

    @api.model
    def _matrix_currency(self):
        """Return the one currency of the amounts, for readers who may see them.

        That of all enabled companies; none where they have several.
        """
        currencies = self.env.companies.currency_id
        is_shown = self._has_field_access(self._fields["to_revenue"], "read")
        return currencies if is_shown and len(currencies) == 1 else currencies.browse()

    @api.model
    def _matrix_groups(self, axis, has_money, domain=()):
        """Return ``[(from key, to key, was customer, is customer, *numbers)]``.

        A key is an id, a code, or False; the numbers are the customers and the
        amounts. One query, and two for the rules of amounts.
        """
        amounts = ["from_revenue:sum", "to_revenue:sum"] if has_money else []
        groups = self._read_group(
            list(domain),
            [*CLASS_FIELDS[axis].values(), "from_customer", "to_customer"],
            ["__count", *amounts],
        )
        return [
            (self._key(old), self._key(new), *numbers) for old, new, *numbers in groups
        ]

    @api.model
    def _key(self, value):
        return value.id if isinstance(value, models.BaseModel) else value

    @api.model
    def _matrix_classes(self, axis, groups):
        """Return the classes in their order, as dicts.

        No class comes last, if customers have none.
        """
        used = {old for old, __, was, *__ in groups if was}
        used |= {new for __, new, __, now, *__ in groups if now}
        classes = {
            "value_tier": self._tier_classes,
            "lifecycle_stage": self._stage_classes,
            "churn_risk": self._risk_classes,
        }[axis](used)
        if False in used:
            classes.append(self._class(False, self.env._("None"), 0, False))
        return classes

    @api.model
    def _class(self, key, name, color, rank):
        return {"key": key, "name": name, "color": color, "rank": rank}

    @api.model
    def _tier_classes(self, used):
        """The tiers in use, and archived ones that customers were in."""
        tiers = (
            self.env["customer.value.tier"]
            .search_fetch(
                [("active", "in", (True, False))],
                ["name", "color", "is_unrated", "active"],
            )
            .filtered(lambda tier: tier.active or tier.id in used)
        )
        return [
            self._class(tier.id, tier.name, tier.color, not tier.is_unrated and -place)
            for place, tier in enumerate(tiers)
        ]

    @api.model
    def _stage_classes(self, used):
        return [
            self._class(stage.id, stage.name, stage.color, STAGE_RANK[stage.code])
            for stage in self.env["customer.lifecycle.stage"].search_fetch(
                [], ["name", "color", "code"]
            )
        ]

    @api.model
    def _risk_classes(self, used):
        labels = self._fields["to_risk"]._description_selection(self.env)
        return [
            self._class(code, label, RISK_COLORS[code], RISK_RANK[code])
            for code, label in labels
        ]

    @api.model
    def _heads(self, axis, end, classes):
        """Rows or columns of the classes."""
        name = CLASS_FIELDS[axis][end]
        return [
            {
                **head,
                "is_customer": True,
                "domain": [(f"{end}_customer", "=", True), (name, "=", head["key"])],
            }
            for head in classes
        ]

    @api.model
    def _outside(self, end):
        """Return the row or column of partners who are not customers that day."""
        name = {
            "from": self.env._("Not Yet a Customer"),
            "to": self.env._("No Longer a Customer"),
        }[end]
        return {
            **self._class(False, name, 0, False),
            "is_customer": False,
            "domain": [(f"{end}_customer", "=", False)],
        }

    @api.model
    def _matrix_cells(self, groups, keys):
        """Return the cells with customers.

        :param groups: ``[(from key, to key, was customer, is customer, customers,
            *amounts)]``; the amounts are those of both days, or of the second one
        """
        places = {key: place for place, key in enumerate(keys)}
        return [
            {
                "row": places[old] + 1 if was else 0,
                "column": places[new] if now else len(keys),
                "count": count,
                **dict(zip(AMOUNTS[-len(amounts) :], amounts, strict=False)),
            }
            for old, new, was, now, count, *amounts in groups
        ]
