import io
import json
from urllib.parse import urlencode

from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ...models.overview.overview_sheets import COLUMNS
from ..common import AS_OF
from .common import DAYS, OverviewCase

GRADING = "customer_classification.report_customer_grading"
ONE_PAGER = "customer_classification.report_customer_one_pager"


@tagged("post_install", "-at_install")
class TestOverviewReports(OverviewCase, HttpCase):
    """Grading report, one-pager and file."""

    def _html(self, report, docids, user=None, **data):
        context = {"allowed_company_ids": self.company.ids}
        reports = self.env["ir.actions.report"].with_user(user or self.head)
        html, __ = reports.with_context(**context)._render_qweb_html(
            report, docids, data=data
        )
        return " ".join(html.decode().split())

    # Grading report

    def test_grading(self):
        """Each tier with its definition, its numbers and its best customers."""
        html = self._html(GRADING, [], filters=DAYS)
        self.assertIn("Classified Ltd", html)
        self.assertIn("from 10,000", html)
        self.assertIn("all others", html)
        self.assertIn("06/30/2025", html)
        for name in ("Steady", "Grown", "New"):
            self.assertIn(name, html)
        tiers = self._blocks("tiers")["tiers"]
        self.assertIn(f"{tiers['after']['sum']:,.2f}", html)
        bridge = self._blocks("bridge")["bridge"]
        self.assertIn(f"{bridge['closing']['sum']:,.2f}", html)
        self.assertIn("Won Back", html)

    def test_grading_without_amounts(self):
        html = self._html(GRADING, [], self.seller, filters=DAYS)
        self.assertIn("from 10,000", html)
        self.assertNotIn("Revenue", html)
        self.assertNotIn("€", html)
        self.assertNotIn("Best customers", html, "their order would tell amounts")

    def test_grading_with_filters(self):
        html = self._html(GRADING, [], filters={**DAYS, "country_id": self.country.id})
        self.assertIn("Steady", html)
        self.assertNotIn("Grown</", html)

    def test_best_customers(self):
        """At most five of each tier, by revenue, and those one may see."""
        overview = self._overview()
        values = self.env["report." + GRADING].with_env(overview.env)
        values = values._get_report_values([], {"filters": DAYS})
        for tier, profiles in values["top"]:
            every = self.env["customer.profile"].search(
                [("company_id", "=", self.company.id), ("value_tier_id", "=", tier.id)]
            )
            best = sorted(every.mapped("revenue"), reverse=True)[:5]
            self.assertEqual(profiles.mapped("revenue"), best)

    def test_portal_users_get_nothing(self):
        portal = self._user("report-portal", "base.group_portal")
        with self.assertRaises(AccessError):
            self._html(GRADING, [], portal)

    # One-pager

    def test_one_pager(self):
        profile = self._profile(self.grown)
        html = self._html(ONE_PAGER, profile.ids)
        self.assertIn("Grown", html)
        self.assertIn("VIP", html)
        seen = profile.with_user(self.head)
        self.assertIn(" ".join(seen.stage_explanation.split()[:3]), html)
        self.assertIn(f"{profile.revenue:,.2f}", html)
        [last, *__] = seen.change_ids
        self.assertIn(last.to_label, html)
        self.assertIn("→", html, "it came from another tier")

    def test_one_pager_without_amounts(self):
        profile = self._profile(self.grown)
        html = self._html(ONE_PAGER, profile.ids, self.seller)
        self.assertIn("VIP", html)
        self.assertNotIn("Revenue in All", html)
        self.assertNotIn(f"{profile.revenue:,.2f}", html)

    def test_one_pager_of_a_hidden_customer(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Grown",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.grown.id})]",
            }
        )
        with self.assertRaises(AccessError):
            self._html(ONE_PAGER, self._profile(self.grown).ids)

    # File

    def _get(self, login, **arguments):
        self.authenticate(login, login)
        given = {
            "filters": json.dumps(DAYS),
            "companies": json.dumps(self.company.ids),
            **arguments,
        }
        return self.url_open(
            f"/customer_classification/overview.xlsx?{urlencode(given)}"
        )

    def test_file(self):
        """The sheets have the numbers of the overview below stable names."""
        self.env.ref("base.group_allow_export").user_ids |= self.head
        answer = self._get("overview-head")
        answer.raise_for_status()
        book = load_workbook(io.BytesIO(answer.content))
        self.assertEqual(book.sheetnames, list(COLUMNS))
        rows = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
        for name, columns in COLUMNS.items():
            self.assertEqual(rows[name][0], columns)
            self.assertGreater(len(rows[name]), 1, name)
        blocks = self._blocks("bridge", "tiers", "cohorts")
        closing = blocks["bridge"]["closing"]
        self.assertEqual(
            rows["bridge"][-1], ("closing", closing["count"], closing["sum"])
        )
        self.assertEqual(
            sum(row[1] for row in rows["tiers"][1:]), blocks["tiers"]["after"]["count"]
        )
        self.assertEqual(
            len(rows["cohorts"]) - 1,
            sum(len(row["cells"]) for row in blocks["cohorts"]["cohorts"]),
        )

    def test_names_are_no_formulas(self):
        self.env.ref("base.group_allow_export").user_ids |= self.head
        self.seller.name = '=HYPERLINK("x")'
        answer = self._get("overview-head")
        sheet = load_workbook(io.BytesIO(answer.content))["risk"]
        cells = [row[0] for row in sheet.iter_rows(min_row=2)]
        [named] = {cell.value for cell in cells if "HYPERLINK" in str(cell.value)}
        self.assertEqual(named, self.seller.name)
        self.assertEqual({cell.data_type for cell in cells if cell.value}, {"s"})

    def test_names_are_no_links(self):
        self.env.ref("base.group_allow_export").user_ids |= self.head
        for name in ("external:c:/x.xlsx", "https://x.example", "{=1+1}"):
            self.seller.name = name
            self.env.flush_all()
            answer = self._get("overview-head")
            sheet = load_workbook(io.BytesIO(answer.content))["risk"]
            found = [row[0] for row in sheet.iter_rows(min_row=2)]
            self.assertIn(name, [cell.value for cell in found])
            self.assertFalse(any(cell.hyperlink for cell in found), name)

    def test_file_is_for_who_may_export(self):
        self.assertEqual(self._get("overview-head").status_code, 403)
        self.assertNotIn(str(AS_OF), self._get("overview-head").text)

    def test_file_without_amounts(self):
        self.env.ref("base.group_allow_export").user_ids |= self.seller
        answer = self._get("overview-seller")
        answer.raise_for_status()
        book = load_workbook(io.BytesIO(answer.content))
        bridge = list(book["bridge"].iter_rows(values_only=True))
        self.assertEqual({row[-1] for row in bridge[1:]}, {None})

    def test_hostile_files(self):
        self.env.ref("base.group_allow_export").user_ids |= self.head
        other = self._company("Not mine")
        for arguments in (
            *({"filters": "["}, {"filters": "[" * 5_000}),
            *({"companies": "[1.5]"}, {"companies": json.dumps([other.id])}),
            *({"companies": '{"a": 1}'}, {"filters": '{"x": 1}'}),
        ):
            with (
                self.subTest(arguments=str(arguments)[:40]),
                mute_logger("odoo.http"),
            ):
                answer = self._get("overview-head", **arguments)
                self.assertGreaterEqual(answer.status_code, 400)
                self.assertNotIn("spreadsheetml", answer.headers["Content-Type"])
