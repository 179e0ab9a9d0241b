from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..common.profiling import NOT_OBJECTING

TAGGED, CHANGE = "classification.tag.report", "classification.tag.change"
TIER, STAGE = "value_tier_id", "lifecycle_stage_id"
# Months whose moves are told, the running one included.
MONTHS = 6
# So many other tags are named, those of the most members.
OVERLAPS = 10


class ReportTag(models.AbstractModel):
    """Contact tags on paper: members by class, moves and overlap.

    A contact with a tag below counts with the tag above; customers count once, whatever
    the number of their contacts. In the company of the reader.

    *Query budget*: nine for each tag, whatever the number of its members.
    """

    _name = "report.customer_classification.report_tag"
    _inherit = ["report.sheet.mixin"]
    _description = "Tag Report"
    _printed_model = "res.partner.category"

    @api.model
    def _sheets(self, records):
        return [self._sheet(tag) for tag in records]

    @api.model
    def _sheet(self, tag):
        domain = Domain("tag_id", "child_of", tag.id) & Domain(
            "company_id", "in", [False, self.env.company.id]
        )
        measures = ["customer_id:count_distinct", "order_count:sum"]
        if self._sees_money():
            measures.append("revenue:sum")
        [total] = self.env[TAGGED]._read_group(
            domain, [], ["partner_id:count_distinct", *measures]
        )
        contacts, *numbers = total
        return {
            "title": self.env._("Tag Report: %s", tag.display_name),
            "company": self.env.company,
            "lines": self._lines(tag, contacts, numbers),
            "tables": [
                self._by_class(domain, measures, TIER, numbers),
                self._by_class(domain, measures, STAGE, numbers),
                self._moves(tag),
                self._overlap(tag),
            ],
            "url": self._url(tag),
        }

    @api.model
    def _lines(self, tag, contacts, numbers):
        """Return what the tag is, who gives it, and how many have it."""
        rules = tag.sudo().tag_rule_ids.filtered(lambda one: one.state == "running")
        parts = [
            self.env._(
                "As of %(day)s, in %(company)s: %(contacts)s contacts of "
                "%(customers)s customers. A contact with a tag below this one counts.",
                day=format_date(self.env, fields.Date.context_today(self)),
                company=self.env.company.name,
                contacts=self._count(contacts),
                customers=self._count(numbers[0]),
            ),
            tag.description,
        ]
        if rules:
            parts.append(self.env._("A rule keeps this tag: it comes and goes by it."))
        if tag.tag_is_exclusive:
            parts.append(
                self.env._("Its tags exclude each other: a contact has one of them.")
            )
        return [part for part in parts if part]

    @api.model
    def _by_class(self, domain, measures, name, totals):
        """Return members, orders and revenue by a class: one query."""
        rows = self.env[TAGGED]._read_group(domain, [name], measures)
        rows.sort(key=lambda row: (not row[0], row[0].sequence, row[0].id))
        columns = [
            (self._label(TAGGED, name), False),
            (self._label(TAGGED, "customer_id"), True),
            (self.env._("Share"), True),
            (self._label(TAGGED, "order_count"), True),
        ]
        if self._sees_money():
            columns.append((self._label(TAGGED, "revenue"), True))
        texts = [
            self._class_row(class_.name or self.env._("None"), numbers, totals)
            for class_, *numbers in rows
        ]
        texts.append(self._class_row(self.env._("All"), totals, totals))
        title = self.env._("Members: %s", self._label(TAGGED, name))
        return self._sheet_table(title, columns, texts)

    @api.model
    def _class_row(self, name, numbers, totals):
        customers, orders, *revenue = numbers
        return [
            name,
            self._count(customers),
            self._percent(customers, totals[0]),
            self._count(orders),
            *(self._money(one, self.env.company.currency_id) for one in revenue),
        ]

    @api.model
    def _moves(self, tag):
        """Return how often the tag was given and taken away by month: one query."""
        today = fields.Date.context_today(self)
        first = today.replace(day=1) - relativedelta(months=MONTHS - 1)
        rows = self.env[CHANGE]._read_group(
            [
                ("partner_tag_id", "child_of", tag.id),
                ("create_date", ">=", fields.Datetime.to_datetime(first)),
            ],
            ["create_date:month", "action"],
            ["__count"],
        )
        found = {(month.date(), action): count for month, action, count in rows}
        labels = dict(
            self.env[CHANGE]._fields["action"]._description_selection(self.env)
        )
        columns = [
            (self.env._("Month"), False),
            (labels["added"], True),
            (labels["removed"], True),
            (self.env._("Difference"), True),
        ]
        texts = []
        for number in range(MONTHS):
            month = first + relativedelta(months=number)
            added, removed = (
                found.get((month, action), 0) for action in ("added", "removed")
            )
            texts.append(
                [
                    format_date(self.env, month, date_format="MMMM yyyy"),
                    *(map(self._count, (added, removed))),
                    self._signed(added - removed),
                ]
            )
        return self._sheet_table(self.env._("Movement"), columns, texts)

    @api.model
    def _signed(self, difference):
        """Return a difference with its sign."""
        text = self._count(abs(difference))
        return f"{'+' if difference > 0 else '−' if difference < 0 else ''}{text}"

    @api.model
    def _overlap(self, tag):
        """Return the other tags of the same contacts: two queries."""
        partners = self.env["res.partner"]
        members = Domain("category_id", "child_of", tag.id) & NOT_OBJECTING
        every = partners.search_count(members)
        below = self.env["res.partner.category"].search([("id", "child_of", tag.id)])
        rows = partners._read_group(members, ["category_id"], ["__count"])
        others = [row for row in rows if row[0] and row[0] not in below]
        others.sort(key=lambda row: (-row[1], row[0].id))
        columns = [
            (self.env._("Other Tag"), False),
            (self.env._("Contacts with both"), True),
            (self.env._("Share of the contacts with this tag"), True),
        ]
        texts = [
            [other.display_name, self._count(count), self._percent(count, every)]
            for other, count in others[:OVERLAPS]
        ]
        none = self.env._("None of them has another tag.")
        return self._sheet_table(self.env._("Overlap"), columns, texts, none)
