import random
from datetime import datetime, time, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged, users

from .test_history import DAY, HistoryCase, day

FIRST, LAST = day(3, 1), day(6, 1)
AXES = {
    "value_tier": ("vip", "high", "medium", "low", "unrated"),
    "lifecycle_stage": ("new", "active", "loyal", "dormant", "lost"),
    "churn_risk": ("low", "medium", "high"),
}


class MigrationCase(HistoryCase):
    def _model(self, first=FIRST, last=LAST, known=None, **context):
        context = {
            "history_from_date": first and str(first),
            "history_date": last and str(last),
            "history_known_date": known and str(known),
            **context,
        }
        return self.env["classification.migration"].with_context(**context)

    def _cells(self, matrix):
        """``{(name of the row, name of the column): customers}``"""
        return {
            (
                matrix["rows"][cell["row"]]["name"],
                matrix["columns"][cell["column"]]["name"],
            ): cell["count"]
            for cell in matrix["cells"]
        }


@tagged("post_install", "-at_install")
class TestMigration(MigrationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dan, cls.eve = cls._customer("Dan"), cls._customer("Eve")
        cls._change(cls.ann, "low", day(1, 10))
        cls._change(cls.ann, "vip", day(4, 10))
        cls._change(cls.bob, "vip", day(1, 10))
        cls._change(cls.cay, "low", day(5, 10))
        cls._change(cls.dan, "low", day(1, 10))
        cls._change(cls.dan, False, day(5, 10))
        cls._change(cls.eve, "high", day(1, 10))
        cls._change(cls.eve, "vip", day(2, 10))
        cls._change(cls.eve, "low", day(5, 10))
        cls._change(cls.eve, "unrated", day(6, 2))
        for partner, when, amount in (
            (cls.ann, day(1, 10), 10),
            (cls.ann, day(4, 1), 80),
            (cls.dan, day(1, 10), 7),
            (cls.eve, day(6, 1), 20),
            (cls.eve, day(6, 2), 1_000),
        ):
            cls._purchase(partner, when, amount)

    def test_rows(self):
        rows = {row.partner_id: row for row in self._model().search([])}
        self.assertEqual(len(rows), 5)
        ann, cay, dan = rows[self.ann], rows[self.cay], rows[self.dan]
        self.assertEqual((ann.from_tier_id.code, ann.to_tier_id.code), ("low", "vip"))
        self.assertEqual((ann.from_revenue, ann.to_revenue), (10, 90))
        self.assertEqual((cay.from_customer, cay.to_customer), (False, True))
        self.assertFalse(cay.from_tier_id)
        self.assertEqual((dan.from_customer, dan.to_customer), (True, False))
        self.assertEqual((dan.from_revenue, dan.to_revenue), (7, 0))

    def test_matrix(self):
        matrix = self._model().get_matrix("value_tier")
        self.assertEqual(
            self._cells(matrix),
            {
                ("Low", "VIP"): 1,
                ("VIP", "VIP"): 1,
                ("Not Yet a Customer", "Low"): 1,
                ("Low", "No Longer a Customer"): 1,
                ("VIP", "Low"): 1,
            },
        )
        tiers = ["VIP", "High", "Medium", "Low", "Not Rated"]
        self.assertEqual(
            [row["name"] for row in matrix["rows"]], ["Not Yet a Customer", *tiers]
        )
        self.assertEqual(
            [column["name"] for column in matrix["columns"]],
            [*tiers, "No Longer a Customer"],
        )
        self.assertEqual(
            [row["is_customer"] for row in matrix["rows"]], [False, *[True] * 5]
        )
        ranks = [row["rank"] for row in matrix["rows"]]
        self.assertEqual(ranks[1:5], sorted(ranks[1:5], reverse=True))
        self.assertIs(ranks[0], False)
        self.assertIs(ranks[5], False)
        self.assertEqual(matrix["from_date"], "2025-03-01")
        self.assertEqual(matrix["to_date"], "2025-06-01")
        self.assertEqual(matrix["first_date"], "2025-01-10")
        self.assertEqual(matrix["currency_id"], self.company.currency_id.id)
        before, after = (
            sum(cell[name] for cell in matrix["cells"])
            for name in ("before", "revenue")
        )
        self.assertEqual((before, after), (10 + 7, 10 + 80 + 20))

    def test_same_day_twice_is_all_diagonal(self):
        matrix = self._model(LAST, LAST).get_matrix("value_tier")
        self.assertEqual(self._cells(matrix), {("VIP", "VIP"): 2, ("Low", "Low"): 2})

    def test_backwards_is_the_mirror_image(self):
        there = {
            row.partner_id: (row.from_tier_id, row.to_tier_id, row.to_revenue)
            for row in self._model().search([])
        }
        back = {
            row.partner_id: (row.to_tier_id, row.from_tier_id, row.from_revenue)
            for row in self._model(LAST, FIRST).search([])
        }
        self.assertEqual(back, there)

    def test_as_known_on(self):
        self._change(self.bob, "high", day(2, 1), recorded=day(7, 1))
        known = self._model(known=day(6, 30)).get_matrix("value_tier")
        now = self._model().get_matrix("value_tier")
        self.assertEqual(self._cells(known)["VIP", "VIP"], 1)
        self.assertEqual(self._cells(now)["High", "High"], 1)

    def test_days_by_default(self):
        matrix = self._model(None, None).get_matrix("value_tier")
        today = self.policy._today()
        self.assertEqual(matrix["to_date"], str(today))
        self.assertEqual(matrix["from_date"], str(today - timedelta(days=90)))

    def test_no_changes(self):
        self.env["classification.change"].search([]).unlink()
        matrix = self._model().get_matrix("value_tier")
        self.assertEqual(matrix["cells"], [])
        self.assertIs(matrix["first_date"], False)

    def test_before_the_first_class(self):
        matrix = self._model(day(1, 1), day(1, 2)).get_matrix("value_tier")
        self.assertEqual(matrix["cells"], [])
        self.assertEqual(matrix["first_date"], "2025-01-10")

    def test_unknown_axis(self):
        with self.assertRaisesRegex(UserError, "no choice"):
            self._model().get_matrix("partner_id")

    def test_customers_without_a_risk(self):
        """A customer without a risk is a customer."""
        self._change(self.ann, "low", day(4, 1), axis="churn_risk")
        matrix = self._model().get_matrix("churn_risk")
        self.assertEqual(
            self._cells(matrix),
            {
                ("None", "Low"): 1,
                ("None", "None"): 2,
                ("Not Yet a Customer", "None"): 1,
                ("None", "No Longer a Customer"): 1,
            },
        )

    def test_archived_tier_is_shown_where_customers_were(self):
        tier = self.env["customer.value.tier"].create(
            [{"name": name, "code": name, "active": False} for name in ("Used", "Not")]
        )[0]
        self._change(self.ann, "low", day(1, 11)).to_tier_id = tier
        names = [row["name"] for row in self._model().get_matrix("value_tier")["rows"]]
        self.assertIn("Used", names)
        self.assertNotIn("Not", names)

    def test_two_companies_of_different_currencies(self):
        other = self._company("Other Ltd", "USD")
        self.env.user.company_ids |= other
        self._change(self.ann, "low", day(1, 10), company_id=other.id)
        both = self._model(allowed_company_ids=[self.company.id, other.id])
        matrix = both.get_matrix("value_tier")
        self.assertEqual(sum(cell["count"] for cell in matrix["cells"]), 6)
        self.assertEqual(self._cells(matrix)["Low", "Low"], 1)

    def test_groups_of_pivot_and_graph(self):
        groups = self._model().formatted_read_group(
            [], ["from_tier_id", "to_tier_id"], ["__count"]
        )
        self.assertEqual(sum(group["__count"] for group in groups), 5)
        measures = ["from_revenue:sum", "to_revenue:sum"]
        groups = self._model()._read_group([], ["to_tier_id"], measures)
        vip = self._tier("vip")
        self.assertEqual([row[1:] for row in groups if row[0] == vip], [(10, 90)])

    def test_queries(self):
        model = self._model()
        for axis in AXES:
            model.get_matrix(axis)
            self.env.invalidate_all()
            # The companies, policies twice, groups, classes, first day.
            with self.assertQueryCount(7):
                model.get_matrix(axis)
        with self.assertQueryCount(1):
            model.search_fetch([], ["from_tier_id", "to_tier_id"])
        with self.assertQueryCount(3):  # and the time zones for both days
            self._model(known=LAST).search_fetch([], ["from_tier_id"])

    def test_client_action(self):
        action = self.env.ref(
            "customer_classification.classification_migration_matrix_action"
        )
        self.assertEqual(action.tag, "customer_classification.migration_matrix")


@tagged("post_install", "-at_install")
class TestMigrationProperties(MigrationCase):
    """Random histories agree with the definition, change by change.

    Sums are the customers of the days, every list has the number of its cell, and both
    agree with the definition applied change by change.
    """

    CUSTOMERS, CHANGES, HISTORIES = 12, 90, 8

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(cls.CUSTOMERS)]
        )

    def _random_history(self, dice):
        """``[(customer, axis, code or False, valid, recorded)]`` in the database."""
        rows = []
        for __ in range(self.CHANGES):
            axis = dice.choice(list(AXES))
            valid = day(1, 1) + dice.randrange(180) * DAY
            late = dice.choice((0, 0, 0, 5, 40)) * DAY
            recorded = datetime.combine(valid + late, time(dice.randrange(24)))
            code = dice.choice([*AXES[axis], False])
            rows.append((dice.choice(self.partners), axis, code, valid, recorded))
        for partner, axis, code, valid, recorded in rows:
            self._change(partner, code, valid, axis=axis, recorded=recorded)
        return rows

    def _believed(self, rows, when, known):
        """``{customer: {axis: code}}`` by the definition; numbers break ties."""
        classes = {}
        order = sorted(
            enumerate(rows), key=lambda item: (item[1][3], item[1][4], item[0])
        )
        for __, (partner, axis, code, valid, recorded) in order:
            if valid <= when and (not known or recorded.date() <= known):
                classes.setdefault(partner, {})[axis] = code
        return {
            partner: {axis: code for axis, code in of.items() if code}
            for partner, of in classes.items()
            if any(of.values())
        }

    def _check(self, rows, first, last, known):
        model = self._model(first, last, known)
        before = self._believed(rows, first, known)
        after = self._believed(rows, last, known)
        for axis in AXES:
            matrix = model.get_matrix(axis)
            cells = matrix["cells"]
            self.assertEqual(
                sum(cell["count"] for cell in cells if cell["row"]), len(before)
            )
            edge = len(matrix["columns"]) - 1
            self.assertEqual(
                sum(cell["count"] for cell in cells if cell["column"] != edge),
                len(after),
            )
            self.assertEqual(sum(c["count"] for c in cells), len(before | after))
            for cell in cells:
                row = matrix["rows"][cell["row"]]
                column = matrix["columns"][cell["column"]]
                found = model.search([*row["domain"], *column["domain"]])
                self.assertEqual(len(found), cell["count"])
                for record in found:
                    self.assertEnd(record.partner_id, axis, row, before)
                    self.assertEnd(record.partner_id, axis, column, after)

    def assertEnd(self, partner, axis, head, believed):
        self.assertEqual(partner in believed, head["is_customer"])
        code = believed.get(partner, {}).get(axis)
        name = {
            "value_tier": lambda: self._tier(code).name,
            "lifecycle_stage": lambda: self._stage(code).name,
            "churn_risk": lambda: code.capitalize(),
        }[axis]
        if partner in believed:
            self.assertEqual(head["name"], name() if code else "None")

    def test_random_histories(self):
        dice = random.Random(20250630)
        for __ in range(self.HISTORIES):
            rows = self._random_history(dice)
            for __ in range(3):
                first, last = sorted(
                    day(1, 1) + dice.randrange(200) * DAY for __ in range(2)
                )
                known = dice.choice((None, day(1, 1) + dice.randrange(200) * DAY))
                self._check(rows, first, last, known)
            self.env["classification.change"].search([]).unlink()


@tagged("post_install", "-at_install")
class TestMigrationAccess(MigrationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._change(cls.ann, "low", day(1, 10))
        cls._user("plain", "base.group_user")
        cls._user("seller", "sales_team.group_sale_salesman")
        cls._user("officer", "customer_classification.group_officer")
        cls._user("portal", "base.group_portal")

    @users("plain", "seller", "officer")
    def test_matrix_without_money(self):
        matrix = self._model().get_matrix("value_tier")
        self.assertEqual(self._cells(matrix), {("Low", "Low"): 1})
        self.assertIs(matrix["currency_id"], False)
        self.assertNotIn("revenue", matrix["cells"][0])
        rows = self._model().search([])
        self.assertEqual(rows.to_tier_id.code, "low")
        with self.assertRaises(AccessError):
            rows.read(["to_revenue"])

    @users("portal")
    def test_portal_sees_nothing(self):
        with self.assertRaises(AccessError):
            self._model().get_matrix("value_tier")
        with self.assertRaises(AccessError):
            self._model().search([])
