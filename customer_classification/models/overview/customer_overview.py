from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import as_choice, as_day, as_ids
from .customer_overview_outlook_mixin import SCORED
from .overview_choice import Choice

PROFILE, MIGRATION = "customer.profile", "classification.migration"
CASE = "customer.playbook.case"
# The blocks, in the order of the page.
BLOCKS = (
    *("decisions", "current", "grid", "tiers", "bridge", "risk", "movers"),
    *("cohorts", "flow", "pareto", "playbooks", "outlook", "campaigns"),
)
DATES = ("from_date", "to_date")
# {filter: (model, field of the contact, operator)}
CONTACT_FILTERS = {
    "team_id": ("crm.team", "partner_id.user_id.sale_team_id", "="),
    "country_id": ("res.country", "partner_id.country_id", "="),
    "industry_id": ("res.partner.industry", "partner_id.industry_id", "="),
    "tag_id": ("res.partner.category", "partner_id.category_id", "child_of"),
}
RECORD_FILTERS = {
    "company_id": "res.company",
    "tier_id": "customer.value.tier",
    **{name: model for name, (model, *__) in CONTACT_FILTERS.items()},
}
# What waits for a decision: [(name, model, conditions)]
WAITING = (
    ("to_fix", "classification.to.fix", ()),
    ("runs", "classification.run", (("state", "=", "waiting"),)),
    (
        "overrides",
        "classification.override",
        (("status", "in", ("expiring", "agrees", "unsupported")),),
    ),
)
AT_RISK = ("churn_risk", "in", ("medium", "high"))
# What the customers of today are summed up by, among others.
SUMMED_BY = ("value_tier_id", "segment_id", "score_recency", "score_frequency")
# Movers are those of so many days.
MOVER_DAYS = 7


class CustomerOverview(models.AbstractModel):
    """Overview of the customers: where they are and where they go.

    Each number comes with the model, domain and context of the records behind it, whose
    number and sum are the same. With the rights of the reader: only of customers that
    the reader may see, and amounts only for who may see all sales.
    """

    _name = "customer.overview"
    _inherit = [
        "customer.overview.money.mixin",
        "customer.overview.outlook.mixin",
        "customer.overview.campaign.mixin",
    ]
    _description = "Overview"

    @api.model
    @api.readonly
    def get_blocks(self, names, filters=None):
        """Return blocks of the overview.

        :param names: list of some of ``BLOCKS``
        :param filters: dict of ``from_date`` and ``to_date``, days as text (by default
            90 days ago and today), and of ids: ``company_id``, ``tier_id``,
            ``team_id``, ``country_id``, ``industry_id`` and ``tag_id``
        :return: dict of the ``filters`` in force, ``currency_id`` (False for who may
            not see amounts), ``companies`` to choose from, ``[(id, name)]``,
            ``adds_up``, whether they are of one currency, ``is_kept``, whether the
            blocks ``current`` and ``grid`` are totals that runs keep, and ``blocks``,
            ``{name: dict}``. Companies of several currencies are not added up: then
            only the current one is looked at.
        :raise UserError: on other arguments

        At most twelve queries for the blocks ``decisions``, ``current`` and ``grid``,
        whatever the number of customers, and one for each record that is filtered by.
        They read the totals that runs keep, where these hold and concern all whom the
        reader may see; with filters on the contact they count profiles. The others work
        out past days or read purchases.
        """
        self.env[PROFILE].check_access("read")
        names = self._checked_names(names)
        choice, filters = self._choice(self._checked_filters(filters))
        model = self.with_context(
            allowed_company_ids=list(choice.company_ids), **choice.days()
        )
        blocks = {name: getattr(model, f"_{name}_block")(choice) for name in names}
        return {
            "filters": filters,
            "currency_id": choice.has_money and choice.currency.id,
            "companies": [(one.id, one.name) for one in self.env.companies],
            "adds_up": len(self.env.companies.currency_id) == 1,
            "is_kept": choice.found.get("is_kept", True),
            "blocks": blocks,
        }

    @api.model
    def action_open(self):
        """Open the overview for who sees all sales, else the reader's customers."""
        if not self.env.user.has_group(MONEY_GROUP):
            return self.env[PROFILE].action_open_customers()
        return self.env["ir.actions.client"]._for_xml_id(
            "customer_classification.customer_overview_action"
        )

    # Arguments

    @api.model
    def _checked_names(self, names):
        if not isinstance(names, list | tuple):
            names = [names]
        label = self.env._("Overview")
        checked = (as_choice(self.env, name, BLOCKS, label) for name in names)
        return list(dict.fromkeys(checked))

    @api.model
    def _checked_filters(self, filters):
        """Return ``{filter: day or id}`` of the filters that are set.

        One query for each id.
        """
        if filters is None:
            return {}
        if not isinstance(filters, dict):
            raise UserError(self.env._("The filters of the overview cannot be read."))
        found = {}
        for name, value in filters.items():
            label = self.env._("Filter")
            as_choice(self.env, name, (*DATES, *RECORD_FILTERS), label)
            if value is None or value is False:
                continue
            if name in DATES:
                found[name] = as_day(self.env, value, label)
            else:
                [found[name]] = as_ids(self.env, RECORD_FILTERS[name], [value])
        return found

    @api.model
    def _choice(self, filters):
        """Return the :class:`Choice` of checked filters, and the filters in force."""
        companies = self._chosen_companies(filters.get("company_id"))
        first, last, today = self._chosen_days(companies, filters)
        conditions = [
            (path, operator, filters[name])
            for name, (__, path, operator) in CONTACT_FILTERS.items()
            if name in filters
        ]
        choice = Choice(
            company_ids=tuple(companies.ids),
            currency=companies[0].currency_id,
            first=first,
            last=last,
            today=today,
            conditions=tuple(conditions),
            tier_id=filters.get("tier_id", False),
            has_money=self.env.user.has_group(MONEY_GROUP),
        )
        is_one = len(companies) < len(self.env.companies)
        return choice, {
            **{name: filters.get(name, False) for name in RECORD_FILTERS},
            "company_id": is_one and companies.id,
            "from_date": fields.Date.to_string(first),
            "to_date": fields.Date.to_string(last),
        }

    @api.model
    def _chosen_companies(self, company_id):
        """Return the companies that are looked at, all of one currency."""
        enabled = self.env.companies
        if company_id and company_id not in enabled.ids:
            raise UserError(self.env._("Choose a company that is switched on."))
        if company_id:
            return enabled.browse(company_id)
        return enabled if len(enabled.currency_id) == 1 else self.env.company

    @api.model
    def _chosen_days(self, companies, filters):
        """Return the first and the last day, and today in the current company."""
        migration = self.env[MIGRATION].with_context(
            allowed_company_ids=companies.ids, history_date=None
        )
        today = migration._today()
        first, last = migration.with_context(
            history_from_date=filters.get("from_date"),
            history_date=filters.get("to_date") or today,
        )._days()
        if first > last:
            raise UserError(
                self.env._("The first day must not lie after the second one.")
            )
        return first, last, today

    # Freshness, and what waits

    @api.model
    def _decisions_block(self, choice):
        """Return up to which day the numbers are, and what waits for a decision.

        Six queries.
        """
        fresh = self._last_days()
        known = {company.id for company, *__ in fresh}
        return {
            "fresh": [
                {
                    "company": company.name,
                    "as_of_date": fields.Date.to_string(as_of),
                    "end_date": fields.Datetime.to_string(end),
                }
                for company, as_of, end in fresh
            ],
            "never": [one.name for one in self.env.companies if one.id not in known],
            "waiting": [
                {"name": name, **self._waiting_cell(choice, model, conditions)}
                for name, model, conditions in (
                    *WAITING,
                    ("drift", "classification.run", [("id", "in", self._drifted())]),
                )
                if self.env[model].has_access("read")
            ],
        }

    @api.model
    def _last_days(self):
        """Return ``[(company, last day that was looked at, when)]``: one query."""
        runs = self.env["classification.run"].sudo()
        return runs._read_group(
            [
                ("company_id", "in", self.env.companies.ids),
                ("kind", "=", "production"),
                ("scope", "in", ("all", "changed")),
                ("state", "=", "done"),
                ("watermark", "!=", False),
            ],
            ["company_id"],
            ["as_of_date:max", "end_date:max"],
        )

    @api.model
    def _drifted(self):
        """Return ids of the companies' last runs over all that raised an alarm.

        One query.
        """
        return [
            run
            for (run,) in self.env.execute_query(
                SQL(
                    """
                    SELECT last.id
                      FROM (SELECT DISTINCT ON (company_id) id, drift
                              FROM classification_run
                             WHERE company_id = ANY(%s) AND kind = 'production'
                               AND scope = 'all' AND state = 'done'
                             ORDER BY company_id, id DESC) last
                     WHERE (last.drift -> 'jumped') || (last.drift -> 'dried_up')
                           <> '[]'
                    """,
                    self.env.companies.ids,
                )
            )
        ]

    @api.model
    def _waiting_cell(self, choice, model, conditions):
        count = self.env[model].search_count(choice.domain(model, *conditions))
        return choice.cell(model, conditions, count)

    # Classes on two days

    @api.model
    def _tiers_block(self, choice):
        """Return the customers by tier on two days, and from which to which."""
        return self._matrix(choice, "value_tier")

    @api.model
    def _flow_block(self, choice):
        """Return the customers from lifecycle stage to lifecycle stage."""
        return self._matrix(choice, "lifecycle_stage")

    @api.model
    def _matrix(self, choice, axis):
        """Return the matrix of an axis: ``rows``, ``columns``, ``cells``, sums.

        Each row has its customers on the first day and their revenue then, each column
        those of the second day, and so have the totals ``before`` and ``after``.
        """
        migration = self.env[MIGRATION]
        groups = migration._matrix_groups(
            axis, choice.has_money, choice.domain(MIGRATION)
        )
        classes = migration._matrix_classes(axis, groups)
        rows = [migration._outside("from"), *migration._heads(axis, "from", classes)]
        columns = [*migration._heads(axis, "to", classes), migration._outside("to")]
        cells = migration._matrix_cells(groups, [head["key"] for head in classes])
        return {
            "rows": self._matrix_heads(choice, rows, cells, "row"),
            "columns": self._matrix_heads(choice, columns, cells, "column"),
            "cells": [self._matrix_cell(choice, rows, columns, one) for one in cells],
            "before": self._matrix_total(choice, rows, cells, "row"),
            "after": self._matrix_total(choice, columns, cells, "column"),
        }

    @api.model
    def _matrix_heads(self, choice, heads, cells, end):
        """Return rows or columns with their customers."""
        return [
            {
                "name": head["name"],
                "key": head["key"],
                "color": head["color"],
                "rank": head["rank"],
                "is_customer": head["is_customer"],
                **self._matrix_sum(
                    choice,
                    head["domain"],
                    [cell for cell in cells if cell[end] == place],
                    end if head["is_customer"] else _OTHER_END[end],
                ),
            }
            for place, head in enumerate(heads)
        ]

    @api.model
    def _matrix_sum(self, choice, conditions, cells, end):
        """Return the sum of cells: a row has amounts of the first day."""
        measure, name = _MEASURES[end]
        return choice.cell(
            MIGRATION,
            conditions,
            sum(cell["count"] for cell in cells),
            measure,
            sum(cell.get(name) or 0 for cell in cells),
        )

    @api.model
    def _matrix_cell(self, choice, rows, columns, cell):
        row, column = rows[cell["row"]], columns[cell["column"]]
        end = "column" if column["is_customer"] else "row"
        conditions = [*row["domain"], *column["domain"]]
        return {
            "row": cell["row"],
            "column": cell["column"],
            **self._matrix_sum(choice, conditions, [cell], end),
        }

    @api.model
    def _matrix_total(self, choice, heads, cells, end):
        """Return the customers of one day in all."""
        own = [cell for cell in cells if heads[cell[end]]["is_customer"]]
        day = {"row": "from", "column": "to"}[end]
        return self._matrix_sum(choice, [(f"{day}_customer", "=", True)], own, end)

    @api.model
    def _movers_block(self, choice):
        """Return who went to another tier in the last week."""
        start = choice.last - timedelta(days=MOVER_DAYS)
        migration = self.env[MIGRATION].with_context(
            **choice.days(history_from_date=start)
        )
        both = [("from_customer", "=", True), ("to_customer", "=", True)]
        groups = migration._matrix_groups(
            "value_tier", choice.has_money, choice.domain(MIGRATION, *both)
        )
        classes = migration._matrix_classes("value_tier", groups)
        heads = {head["key"]: head for head in classes}
        moves = [
            self._mover(choice, start, heads[old], heads[new], count, amounts[-1:])
            for old, new, __, __, count, *amounts in groups
            if old != new
        ]
        moves.sort(key=lambda one: (-(one["sum"] or 0), -one["count"]))
        return {"from_date": fields.Date.to_string(start), "moves": moves}

    @api.model
    def _mover(self, choice, start, old, new, count, amounts):
        """Return one way between two tiers."""
        move = "other"
        if old["rank"] is not False and new["rank"] is not False:
            move = "better" if new["rank"] > old["rank"] else "worse"
        conditions = [
            *(("from_customer", "=", True), ("to_customer", "=", True)),
            *(("from_tier_id", "=", old["key"]), ("to_tier_id", "=", new["key"])),
        ]
        return {
            "old": {"name": old["name"], "color": old["color"]},
            "new": {"name": new["name"], "color": new["color"]},
            "move": move,
            **choice.cell(
                MIGRATION,
                conditions,
                count,
                "to_revenue",
                sum(filter(None, amounts)),
                history_from_date=start,
            ),
        }

    # Profiles

    @api.model
    def _current_block(self, choice):
        """Return the customers of today by tier, where today is the last day.

        Of the profiles, which is quicker than the history. One query beside the sums.
        """
        if choice.last < choice.today:
            return {"rows": []}
        tiers = defaultdict(list)
        for tier, *__, count, amount in self._class_sums(choice):
            tiers[tier or False].append((count, amount))
        tiers = self._in_order("customer.value.tier", tiers)
        return {
            "rows": [
                {
                    "key": tier.id,
                    "name": tier.name or "",
                    "color": tier.color,
                    **self._summed(choice, [("value_tier_id", "=", tier.id)], numbers),
                }
                for tier, numbers in tiers
            ],
            "total": self._summed(
                choice, [], [one for __, numbers in tiers for one in numbers]
            ),
        }

    @api.model
    def _in_order(self, model, groups):
        """Return ``[(record, numbers)]`` in the order of the records: one query.

        :param groups: ``{id or None: numbers}``
        """
        records = self.env[model].browse(id_ for id_ in groups if id_)
        records.fetch(["sequence", "name", "color"])
        found = [(records.browse(id_ or ()), own) for id_, own in groups.items()]
        return sorted(found, key=lambda one: (one[0].sequence, one[0].id))

    @api.model
    def _class_sums(self, choice):
        """Return ``[(*SUMMED_BY, customers, revenue)]`` of the customers of today.

        Ids and numbers. Two queries for the totals that runs keep, and one where the
        profiles have to be counted; none where they are known.
        """
        if "sums" not in choice.found:
            kept = self._kept_sums(choice)
            choice.found["is_kept"] = kept is not None
            choice.found["sums"] = (
                self._counted_sums(choice) if kept is None else list(kept)
            )
        return choice.found["sums"]

    @api.model
    def _kept_sums(self, choice):
        """Return the totals that runs keep, None where others are asked for."""
        rules = self.env["ir.rule"]
        scope = rules._scope_of_companies(PROFILE, choice.company_ids)
        totals = self.env["customer.profile.total"]
        companies = self.env["res.company"].browse(choice.company_ids)
        if choice.conditions or not scope:
            return None
        if not totals._is_sound(companies, is_own=scope == "own"):
            return None
        condition = choice.tier_id and SQL("value_tier_id = %s", choice.tier_id)
        return totals._sums(companies, SUMMED_BY, condition)

    @api.model
    def _counted_sums(self, choice):
        """Return the same, counted from the profiles that the reader may see."""
        groups = self.env[PROFILE]._read_group(
            choice.domain(PROFILE),
            SUMMED_BY,
            ["__count", *choice.amounts("revenue:sum")],
        )
        return [
            (tier.id, segment.id, recency, frequency, count, sum(filter(None, amount)))
            for tier, segment, recency, frequency, count, *amount in groups
        ]

    @api.model
    def _grid_block(self, choice):
        """Return the customers by recency and frequency, with the segments.

        One query beside the sums.
        """
        places, segments = defaultdict(list), defaultdict(list)
        for __, segment, recency, frequency, *numbers in self._class_sums(choice):
            if not (recency and frequency):
                continue
            places[recency, frequency].append((segment or False, *numbers))
            segments[segment or False].append(numbers)
        return {
            "recency": sorted({recency for recency, __ in places}, reverse=True),
            "frequency": sorted({frequency for __, frequency in places}),
            "cells": [
                self._grid_cell(choice, *place, found)
                for place, found in places.items()
            ],
            "segments": [
                {
                    "id": segment.id,
                    "name": segment.name or "",
                    "color": segment.color,
                    **self._summed(
                        choice, [*SCORED, ("segment_id", "=", segment.id)], numbers
                    ),
                }
                for segment, numbers in self._in_order("customer.segment", segments)
            ],
        }

    @api.model
    def _grid_cell(self, choice, recency, frequency, found):
        """Return a place of the grid: ``found`` is ``[(segment id, *numbers)]``."""
        counts = defaultdict(int)
        for segment, count, *__ in found:
            counts[segment] += count
        most = max(counts, key=lambda one: (counts[one], -one))
        conditions = [
            ("score_recency", "=", recency),
            ("score_frequency", "=", frequency),
        ]
        return {
            "recency": recency,
            "frequency": frequency,
            "segment_id": most,
            **self._summed(choice, conditions, [numbers for __, *numbers in found]),
        }

    @api.model
    def _summed(self, choice, conditions, numbers):
        """Return a cell of profiles from ``[(count, amount)]`` of its groups."""
        count, *amount = _sums(numbers)
        return choice.cell(
            PROFILE, conditions, count, "revenue", amount[0] if amount else 0
        )

    @api.model
    def _risk_block(self, choice):
        """Return the customers at risk by salesperson and tier.

        Five queries: the groups, and the names of tiers and salespersons.
        """
        groups = self.env[PROFILE]._read_group(
            choice.domain(PROFILE, AT_RISK),
            ["user_id", "value_tier_id"],
            ["__count", *choice.amounts("revenue:sum")],
        )
        by_user, by_tier = defaultdict(list), defaultdict(list)
        for user, tier, *numbers in groups:
            by_user[user].append(numbers)
            by_tier[tier].append(numbers)
        # The most revenue first; without amounts, the most customers.
        users = sorted(by_user, key=lambda one: _sums(by_user[one])[::-1], reverse=True)
        tiers = sorted(by_tier, key=lambda tier: (tier.sequence, tier.id))
        return {
            "rows": [
                self._risk_head(choice, "user_id", user, by_user[user])
                for user in users
            ],
            "columns": [
                self._risk_head(choice, "value_tier_id", tier, by_tier[tier])
                for tier in tiers
            ],
            "cells": [
                {
                    "row": users.index(user),
                    "column": tiers.index(tier),
                    **self._summed(
                        choice,
                        [
                            AT_RISK,
                            ("user_id", "=", user.id),
                            ("value_tier_id", "=", tier.id),
                        ],
                        [numbers],
                    ),
                }
                for user, tier, *numbers in groups
            ],
            "total": self._summed(choice, [AT_RISK], [own for __, __, *own in groups]),
        }

    @api.model
    def _risk_head(self, choice, name, record, numbers):
        """Return a salesperson or a tier with its customers at risk."""
        return {
            "name": record.display_name or "",
            "color": record.color if name == "value_tier_id" else 0,
            **self._summed(choice, [AT_RISK, (name, "=", record.id)], numbers),
        }

    # Playbooks

    @api.model
    def _playbooks_block(self, choice):
        """Return what playbooks did, beside their control groups."""
        results = self.env["customer.playbook.result"]
        if not results.has_access("read") or not self.env[CASE].has_access("read"):
            return {"is_readable": False, "playbooks": []}
        found = results.search(choice.domain(results._name, ("scope", "=", "all")))
        measured = [
            *(("measured_date", "!=", False), ("stop_reason", "!=", "merged")),
            ("playbook_id", "in", found.playbook_id.ids),
        ]
        groups = self.env[CASE]._read_group(
            choice.domain(CASE, *measured),
            ["playbook_id", "is_control"],
            ["__count", *choice.amounts("revenue:sum")],
        )
        numbers = {(book, control): own for book, control, *own in groups}
        return {
            "is_readable": True,
            "playbooks": [
                {
                    "name": one.playbook_id.name,
                    "verdict": one.verdict,
                    "text": one.verdict_text,
                    **{
                        name: self._case_cell(
                            choice,
                            [*measured[:2], ("playbook_id", "=", one.playbook_id.id)],
                            control,
                            numbers.get((one.playbook_id, control), [0]),
                        )
                        for name, control in (("treated", False), ("control", True))
                    },
                }
                for one in found
            ],
        }

    @api.model
    def _case_cell(self, choice, conditions, control, numbers):
        count, *amount = numbers
        return choice.cell(
            CASE,
            [*conditions, ("is_control", "=", control)],
            count,
            "revenue",
            amount[0] if amount else 0,
        )


# {end of a matrix: (field of its amounts, their name in the cells)}
_MEASURES = {"row": ("from_revenue", "before"), "column": ("to_revenue", "revenue")}
# Customers of one day alone have amounts of that day.
_OTHER_END = {"row": "column", "column": "row"}


def _sums(numbers):
    """Return the sums of the columns of ``[(count, amount)]``."""
    return [sum(filter(None, one)) for one in zip(*numbers, strict=True)] or [0]
