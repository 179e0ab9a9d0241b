import json
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.customer_classification.tests.common import ClassificationCase
from odoo.addons.spreadsheet.utils.validate_data import (
    fields_in_spreadsheet,
    menus_xml_ids_in_spreadsheet,
    odoo_charts,
)

ADDON = "customer_classification_spreadsheet_dashboard"
HEAD = "sales_team.group_sale_salesman_all_leads"


@tagged("post_install", "-at_install")
class TestDashboard(ClassificationCase):
    """The dashboard has the numbers of the profiles, for who sees all sales."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref(f"{ADDON}.spreadsheet_dashboard_customers")
        cls._regular("Best", 1_000)
        cls._regular("Good", 500)
        cls._recompute()
        cls.head = cls._user("dashboard-head", HEAD)
        cls.seller = cls._user("dashboard-seller", "sales_team.group_sale_salesman")

    def _data(self):
        answer = self.dashboard.with_user(
            self.head
        )._get_serialized_readonly_dashboard()
        return json.loads(answer)["snapshot"]

    def _sources(self):
        """Yield model, domain, groups and measures of each data source."""
        data = self._data()
        for pivot in data["pivots"].values():
            groups = [row["fieldName"] for row in pivot["rows"] + pivot["columns"]]
            measures = [measure["fieldName"] for measure in pivot["measures"]]
            yield pivot["model"], pivot["domain"], groups, measures
        for chart in odoo_charts(data):
            meta = chart["metaData"]
            domain = chart["searchParams"]["domain"]
            yield meta["resModel"], domain, meta["groupBy"], [meta["measure"]]

    def _totals(self, model, domain, groups, measures):
        model = self.env[model].with_user(self.head)
        specs = [
            one if one == "__count" else f"{one}:{model._fields[one].aggregator}"
            for one in measures
        ]
        return model.formatted_read_group(domain, groups, specs)

    def test_fields_exist(self):
        found = fields_in_spreadsheet(self._data())
        self.assertLessEqual(
            {"customer.profile", "classification.churn", "campaign.profile"},
            set(found),
        )
        for model, names in found.items():
            for name in names:
                first = name.partition(":")[0].partition(".")[0]
                with self.subTest(model, field=name):
                    self.assertIn(first, self.env[model]._fields)

    def test_filters_follow_fields(self):
        """Each filter is matched with a field of its model in each source."""
        data = self._data()
        models = {one["id"]: one["modelName"] for one in data["globalFilters"]}
        sources = [
            *((one["model"], one["fieldMatching"]) for one in data["pivots"].values()),
            *((one["model"], one["fieldMatching"]) for one in data["lists"].values()),
            *(
                (one["metaData"]["resModel"], one["fieldMatching"])
                for one in odoo_charts(data)
            ),
        ]
        for model, matching in sources:
            for key, one in matching.items():
                record = self.env[model]
                for name in one["chain"].split("."):
                    record = record[name]
                self.assertEqual(record._name, models[key])
                domain = [(one["chain"], "in", [1])]
                self.env[model].with_user(self.head).search_count(domain)

    def test_sources_are_read(self):
        """Each source can be read by its readers, and is that of the profiles."""
        for model, domain, groups, measures in self._sources():
            with self.subTest(model, groups=groups):
                self.assertIsInstance(
                    self._totals(model, domain, groups, measures), list
                )

    def test_numbers_are_those_of_the_profiles(self):
        pivot = self._data()["pivots"]["3"]
        [total] = self._totals(
            pivot["model"],
            [*pivot["domain"], ("company_id", "=", self.company.id)],
            [],
            ["__count", "revenue"],
        )
        self.assertEqual(total["__count"], 2)
        self.assertAlmostEqual(total["revenue:sum"], 12 * 1_500, 2)

    def test_lists_are_read(self):
        for one in self._data()["lists"].values():
            model = self.env[one["model"]].with_user(self.head)
            order = ", ".join(
                f"{key['name']} {'asc' if key['asc'] else 'desc'}"
                for key in one["orderBy"]
            )
            model.search_read(one["domain"], one["columns"], limit=10, order=order)

    def test_cells_name_their_sources(self):
        """Formulas name pivots, lists and fields that there are."""
        data = self._data()
        for sheet in data["sheets"]:
            for cell, text in sheet["cells"].items():
                head, __, rest = text.partition("(")
                number = rest.partition(",")[0]
                with self.subTest(cell):
                    if head.startswith("=PIVOT"):
                        self.assertIn(number, data["pivots"])
                    if head.startswith("=ODOO.LIST"):
                        name = text.split('"')[1]
                        self.assertIn(name, data["lists"][number]["columns"])

    def test_menus_exist(self):
        for name in menus_xml_ids_in_spreadsheet(self._data()):
            self.assertEqual(self.env.ref(name)._name, "ir.ui.menu")

    def test_who_sees_it(self):
        dashboards = self.env["spreadsheet.dashboard"]
        mine = [("id", "=", self.dashboard.id)]
        self.assertTrue(dashboards.with_user(self.head).search(mine))
        self.assertFalse(dashboards.with_user(self.seller).search(mine))
        with self.assertRaises(AccessError):
            self.dashboard.with_user(self.seller).read(["spreadsheet_data"])

    def test_titles_are_translated(self):
        """Titles in the file are among the terms, in both languages."""
        titles = [chart["title"]["text"] for chart in odoo_charts(self._data())]
        self.assertTrue(titles)
        for language in ("zh_CN", "zh_TW"):
            path = Path(file_path(f"{ADDON}/i18n/{language}.po"))
            text = path.read_text(encoding="utf-8")
            for title in titles:
                self.assertIn(f'msgid "{title}"\nmsgstr "', text)
                self.assertNotIn(f'msgid "{title}"\nmsgstr ""', text)
