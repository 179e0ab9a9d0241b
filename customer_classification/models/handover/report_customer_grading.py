from odoo import api, models


class ReportCustomerGrading(models.AbstractModel):
    """The grading report as a sheet, for mails."""

    _name = "report.customer_classification.report_customer_grading"
    _inherit = [
        "report.customer_classification.report_customer_grading",
        "report.sheet.mixin",
    ]

    @api.model
    def _sheet(self, first, last):
        """Return the customers of two days by tier, and who moved.

        :param first: the day with which the last one is compared
        """
        days = {"from_date": str(first), "to_date": str(last)}
        values = self._get_report_values([], {"filters": days})
        return {
            "title": self.env._("Customer Grading Report"),
            "company": values["company"],
            "lines": values["sentences"],
            "tables": [self._tier_table(values), self._move_table(values)]
            + ([self._bridge_table(values)] if values["choice"].has_money else []),
            "url": f"{self.get_base_url()}/odoo/customer-insight",
        }

    @api.model
    def _amount(self, values, amount):
        """Return a list of an amount as text, empty for who may not see any."""
        choice = values["choice"]
        return [self._money(amount, choice.currency)] if choice.has_money else []

    @api.model
    def _amount_column(self, values, label):
        return [(label, True)] if values["choice"].has_money else []

    @api.model
    def _tier_table(self, values):
        columns = [
            (self.env._("Tier"), False),
            (self.env._("Definition"), False),
            (self.env._("Customers"), True),
            (self.env._("Share"), True),
            (self.env._("Before"), True),
            *self._amount_column(values, self.env._("Revenue")),
            *self._amount_column(values, self.env._("Revenue before")),
        ]
        total, before = values["total"], values["before"]
        rows = [
            [
                row["now"]["name"],
                row["definition"],
                self._count(row["now"]["count"]),
                self._percent(row["share"], 1),
                self._count(row["before"]["count"]),
                *self._amount(values, row["now"]["sum"]),
                *self._amount(values, row["before"]["sum"]),
            ]
            for row in values["rows"]
        ]
        rows.append(
            [
                *(self.env._("All"), "", self._count(total["count"]), ""),
                self._count(before["count"]),
                *self._amount(values, total["sum"]),
                *self._amount(values, before["sum"]),
            ]
        )
        return self._sheet_table(self.env._("Tiers"), columns, rows)

    @api.model
    def _move_table(self, values):
        columns = [
            (self.env._("From"), False),
            (self.env._("To"), False),
            (self.env._("Customers"), True),
            *self._amount_column(values, self.env._("Revenue")),
        ]
        rows = [
            [
                before["name"],
                after["name"],
                self._count(cell["count"]),
                *self._amount(values, cell["sum"]),
            ]
            for before, after, cell in values["moves"]
        ]
        nobody = self.env._("Nobody went to another tier.")
        return self._sheet_table(self.env._("Who moved"), columns, rows, nobody)

    @api.model
    def _bridge_table(self, values):
        bridge = values["bridge"]
        columns = [
            (self.env._("Movement"), False),
            (self.env._("Customers"), True),
            (self.env._("Revenue"), True),
        ]
        named = [
            (self.env._("Revenue before"), bridge["opening"]),
            *((values["movements"][one["name"]], one) for one in bridge["movements"]),
            (self.env._("Revenue after"), bridge["closing"]),
        ]
        rows = [
            [name, self._count(one["count"]), *self._amount(values, one["sum"])]
            for name, one in named
        ]
        return self._sheet_table(self.env._("Revenue bridge"), columns, rows)
