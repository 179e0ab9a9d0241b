"""Totals of reports count a customer, and an amount, once."""

from collections import defaultdict

from lxml import etree

from odoo import Command
from odoo.tests import tagged

from ...models.common.ir_rule import ADDONS
from ..common import ClassificationCase

KINDS = ("pivot", "graph")
# Models whose rows hold numbers of their own, which can be added up, and why.
ADDITIVE = {
    "campaign.participant": "a purchase is given away once by each attribution",
    "campaign.profile": "sums of its participants, costs and documents",
    "classification.run.result": "each customer is in one cell of a run",
    "customer.product": "lines of one product and customer",
    "customer.profile": "one row a customer and company",
    "customer.purchase": "one row a purchase",
    "product.attach.rate": "what each pair of products missed",
    "product.profile": "one row a product and company",
    "product.variant.class": "one row a variant and company",
    "utm.campaign": "one row a campaign",
    "classification.run": "one row a run; the sums are of the cells of one run",
}


@tagged("post_install", "-at_install")
class TestReportSums(ClassificationCase):
    """Every pivot, graph and list of these addons with a sum in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tags = cls.env["res.partner.category"].create(
            [{"name": "Zz One"}, {"name": "Zz Two"}]
        )
        cls.big = cls._regular("Big", 1_000, is_company=True)
        cls.small = cls._regular("Small", 10)
        buyer = cls._customer("Buyer", parent_id=cls.big.id)
        for partner, tags in (
            (cls.big, cls.tags),
            (buyer, cls.tags[0]),
            (cls.small, cls.tags[1]),
        ):
            partner.category_id = [Command.set(tags.ids)]
        campaign = cls.env["utm.campaign"].create(
            {"title": "Zz", "company_id": cls.company.id}
        )
        cls.env["campaign.participant"].create(
            {"campaign_id": campaign.id, "partner_id": cls.big.id}
        )
        cls._recompute()
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE campaign_participant SET revenue = 70, order_count = 2,"
            " is_converted = TRUE WHERE campaign_id = %s",
            campaign.ids,
        )
        cls.env.invalidate_all()

    def test_tag_report(self):
        """A customer with two tags, and a contact with one of them: 12,000 once."""
        report = self.env["classification.tag.report"]
        ours = [("tag_id", "in", self.tags.ids)]
        aggregates = ["customer_id:count_distinct", "revenue:sum", "order_count:sum"]
        [total] = report._read_group(ours, [], aggregates)
        self.assertEqual(total, (2, 12_120, 24))
        groups = report._read_group(ours, ["tag_id"], aggregates)
        one, two = self.tags
        self.assertEqual(
            {tag: numbers for tag, *numbers in groups},
            {one: [1, 12_000, 12], two: [2, 12_120, 24]},
        )
        [currency] = report._read_group(ours, [], ["revenue:sum_currency"])
        self.assertEqual(currency, (12_120,))
        sets = report._read_grouping_sets(
            ours, [[], ["value_tier_id"]], ["revenue:sum"]
        )
        self.assertEqual(sets[0], [(12_120,)])
        self.assertEqual(sum(amount for __, amount in sets[1]), 12_120)

    def test_campaign_by_tags(self):
        rows = self.env["campaign.participant.tag"]
        ours = [("tag_id", "in", self.tags.ids)]
        self.assertEqual(rows.search_count(ours), 2)
        [total] = rows._read_group(
            ours, [], ["participant_id:count_distinct", "revenue:sum", "conversion:avg"]
        )
        self.assertEqual(total, (1, 70, 100))

    def test_each_group_of_each_report(self):
        """Beside sums over the rows that differ by what they are counted by."""
        for model, groups in self._reports().items():
            counted = sorted(getattr(model, "_counted_once", ()))
            if not counted:
                continue
            for group in sorted({None, *groups}, key=str):
                with self.subTest(model._name, group=group):
                    self._check(model, group, counted)

    def _check(self, model, group, counted):
        field = group and model._fields[group]
        if field and field.type in ("date", "datetime"):
            group = f"{group}:month"
        expected = defaultdict(dict)
        for row in model.search([]):
            key = tuple(row[name].id for name in model._counted_by)
            value = row[field.name] if field else None
            if field and field.type in ("date", "datetime"):
                value = value and value.replace(day=1)
            expected[value][key] = [row[name] for name in counted]
        found = model._read_group(
            [], [group] if group else [], [f"{name}:sum" for name in counted]
        )
        for place, name in enumerate(counted):
            sums = {
                row[0] if group else None: row[-len(counted) + place] for row in found
            }
            for value, rows in expected.items():
                number = sum(one[place] for one in rows.values())
                self.assertAlmostEqual(sums[value] or 0, number, msg=name)

    def test_nothing_else_is_added_up(self):
        """Where a customer can stand in several rows, a number counts once or has no
        sum; the list says which models have rows of their own."""
        added = {
            f"{model._name}.{name}"
            for model in self._reports()
            for name, field in model._fields.items()
            if field.store
            and field.type in ("integer", "float", "monetary")
            and field.aggregator == "sum"
            and name not in getattr(model, "_counted_once", ())
            and name not in ("id", "sequence", "color")
            and model._name not in ADDITIVE
        }
        self.assertFalse(added)

    def test_rows_of_several_days_have_no_footer(self):
        for model, __ in self._reports().items():
            for view in self._views(model._name):
                for field in etree.fromstring(view.arch).xpath("//list//field[@sum]"):
                    name = field.get("name")
                    with self.subTest(view.xml_id, field=name):
                        counted = getattr(model, "_counted_once", ())
                        self.assertNotIn(name, counted)

    def _reports(self):
        """``{model: fields by which its views group}``."""
        found = {}
        for view in self._views():
            model = self.env[view.model]
            groups = found.setdefault(model, set())
            arch = etree.fromstring(view.arch)
            for node in arch.xpath("//field[@type='row' or @type='col']"):
                groups.add(node.get("name"))
        return found

    def _views(self, model=None):
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", f"{ADDONS}%")]
        )
        views = self.env["ir.ui.view"].browse(data.mapped("res_id")).exists()
        return views.filtered(
            lambda view: (view.type in KINDS or " sum=" in (view.arch or ""))
            and view.model in self.env
            and (self.env[view.model]._original_module or "").startswith(ADDONS)
            and model in (None, view.model)
        )
