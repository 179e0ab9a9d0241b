"""Totals of reports: nothing counted twice, no sum where none is.

The fields come from the registry: each number of these addons that Odoo's client may
add up or average is compared with the purchases (``_totals``), and in each group
with the rows of that group (``_expected``).
"""

from collections import defaultdict
from datetime import date, timedelta

from lxml import etree

from odoo.models import BaseModel
from odoo.tests import tagged
from odoo.tools import split_every

from ...models.common.ir_rule import ADDONS
from ..common import AS_OF
from ..report_world import FIRST, MAY, START, TONER_PRICE, ReportWorld

ADDON = "customer_classification"
GROUPED = (
    *("boolean", "char", "date", "datetime", "many2many", "many2one", "selection"),
)
# Whose number it is, where several rows have it.
SHARED = {
    "campaign.participant.tag": ("participant_id",),
    "classification.tag.report": ("customer_id", "company_id"),
    "product.attach.rate": ("order_id", "other_tmpl_id"),
    "product.product": ("product_tmpl_id",),
    "res.partner": ("commercial_partner_id",),
    "res.users": ("commercial_partner_id",),
}
# Numbers of rows all the same.
OWN = {("product.attach.rate", "attach_rate")}
# Fields within which it adds up.
WITHIN = {
    ("campaign.participant", "order_count"): "campaign_id",
    ("campaign.participant.tag", "order_count"): "campaign_id",
    ("product.product", "product_quantity_sold"): "uom_id",
    ("product.profile", "quantity"): "uom_id",
    ("product.template", "product_quantity_sold"): "uom_id",
    ("product.variant.class", "quantity"): "uom_id",
    **{
        ("classification.run.result", name): "run_id"
        for name in (
            *("customer_count", "revenue", "lifetime_revenue"),
            *("next_revenue", "next_order_count", "next_buyer_count"),
        )
    },
}
# ``{average: (dividend, divisor, factor, plus)}``
RATIOS = {
    ("customer.profile", "average_order"): ("revenue", "order_count", 1, 0),
    ("customer.conversion", "customer_value"): ("revenue", "customer_count", 1, 0),
    ("customer.tier.effect", "bought_rate"): (
        *("bought_count", "customer_count", 100, 0),
    ),
    ("customer.tier.effect", "revenue_change_rate"): (
        *("revenue_change", "revenue_before", 100, 0),
    ),
    **{
        ("customer.conversion", name): (over, under, 100, 0)
        for name, over, under in (
            ("conversion_rate", "converted_count", "lead_count"),
            ("repeat_rate", "repeat_count", "customer_count"),
            ("retention_rate", "kept_count", "customer_count"),
        )
    },
    **{
        (model, prefix + name): (prefix + over, prefix + under, factor, plus)
        for model, prefix in (("campaign.profile", ""), ("utm.campaign", "campaign_"))
        for name, over, under, factor, plus in (
            ("response_rate", "answered_count", "participant_count", 100, 0),
            ("lead_rate", "lead_customer_count", "participant_count", 100, 0),
            ("conversion_rate", "customer_count", "participant_count", 100, 0),
            ("roi", "margin", "cost", 100, -100),
            ("cost_per_lead", "cost", "lead_count", 1, 0),
            ("cost_per_new_customer", "cost", "new_customer_count", 1, 0),
        )
    },
}
EFFECTS = (
    *("customer_count", "bought_count", "order_count_before", "order_count_after"),
    *("interaction_count_before", "interaction_count_after"),
    *("revenue_before", "revenue_after", "revenue_change"),
)
# Worked out of all rows of a group: see ``test_satisfaction.py``.
OF_GROUPS = {
    ("customer.satisfaction", name)
    for name in ("satisfaction_low", "satisfaction_high", "heard_share")
}
# Of each of two customers.
EXPECTED, AT_RISK = 40, 8
FLAGS = {
    "margin": "has_margin",
    "cost": "has_cost",
    "campaign_cost": "campaign_has_cost",
}
WEIGHTS = {("campaign.profile", "feedback_score"): "feedback_count"}
# Of Odoo's own models, contacts are grouped by these fields, too.
MORE_GROUPS = ("category_id", "parent_id", "is_company", "country_id", "user_id")
# Fields that are set if a number is known; elsewhere 0 means unknown.
KNOWN = {
    ("campaign.participant", "feedback_score"): "has_feedback",
    ("customer.complaint", "response_hours"): "is_answered",
    ("customer.complaint", "solution_hours"): "is_solved",
    ("customer.complaint", "satisfaction"): "has_satisfaction",
    ("customer.feedback", "recommendation_points"): "is_recommendation",
    ("customer.satisfaction", "recommendation"): "has_recommendation",
    ("customer.satisfaction", "satisfaction"): "has_satisfaction",
    ("customer.timeline", "score"): "has_score",
    ("customer.conversion", "days_to_purchase"): "converted_count",
    ("customer.profile", "growth"): "has_growth",
    ("customer.profile", "purchase_probability"): "has_prediction",
    ("customer.profile", "value_score"): "first_purchase_date",
    ("customer.profile", "expected_gap_days"): "first_purchase_date",
    ("customer.profile", "score_recency"): "rfm_code",
    ("customer.profile", "score_frequency"): "rfm_code",
    ("customer.profile", "score_monetary"): "rfm_code",
    ("product.profile", "cv"): "has_cv",
    ("product.profile", "trend"): "has_trend",
    ("product.variant.class", "cv"): "xyz_class",
    ("res.partner", "customer_purchase_probability"): "customer_purchase_probability",
    ("res.partner", "customer_value_score"): "customer_profile_id",
    ("res.partner", "customer_employee_count"): "customer_employee_count",
    ("res.partner", "customer_turnover"): "customer_turnover",
    ("res.users", "customer_purchase_probability"): "customer_purchase_probability",
    ("res.users", "customer_value_score"): "customer_profile_id",
    ("res.users", "customer_employee_count"): "customer_employee_count",
    ("res.users", "customer_turnover"): "customer_turnover",
}
# Class of the list whose renderer is `CountedOnceRenderer`.
COUNTED_ONCE = "customer_profile_list"


@tagged("post_install", "-at_install")
class TestReportSums(ReportWorld):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._predict()
        cls.env["customer.data.gap.count"]._cron_count()
        cls._hear()
        cls.totals = cls._totals()

    @classmethod
    def _predict(cls):
        """Write predictions, which so few customers do not get."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE customer_profile SET has_prediction = TRUE,"
            " purchase_probability = 0.25, expected_revenue = %s, revenue_at_risk = %s"
            " WHERE partner_id = ANY(%s)",
            [EXPECTED, AT_RISK, (cls.big | cls.small).ids],
        )
        cls.env.invalidate_all()

    @classmethod
    def _hear(cls):
        """Three complaints: one late, one answered, one new; and answers of two."""
        complaints = cls.env["customer.complaint"].create(
            [
                {"name": "Broken", "partner_id": partner.id, "open_date": START}
                for partner in (cls.big, cls.big, cls.small)
            ]
        )
        complaints[0].write({"state": "solved", "result": "solved"})
        complaints[1].action_answered()
        cls.env["customer.feedback"].create(
            [
                {"partner_id": cls.big.id, "original_score": 2},
                {
                    "partner_id": cls.small.id,
                    "kind": "recommendation",
                    "scale": "10",
                    "original_score": 9,
                    "complaint_id": complaints[2].id,
                },
                {
                    "partner_id": cls.big.id,
                    "original_score": 5,
                    "complaint_id": complaints[0].id,
                },
            ]
        )

    def test_totals(self):
        """All totals of the reports equal the purchases in the documents."""
        missing = []
        for model, name, aggregator in self._aggregated():
            domain, numbers = self.totals.get(model._name, ([], {}))
            if name not in numbers:
                # Averages of rows are compared with the rows.
                if aggregator == "sum" or model._name not in self.totals:
                    missing.append(f"{model._name}.{name}")
                continue
            with self.subTest(model._name, field=name):
                [[found]] = model._read_group(domain, [], [f"{name}:{aggregator}"])
                self._assert_equal(found, numbers[name])
        self.assertFalse(missing, "their totals are compared with nothing")

    def test_each_group(self):
        """Each group has its total, by each field and by several at once.

        As a pivot asks for several at once.
        """
        for model, name, aggregator in self._aggregated():
            domain, __ = self.totals.get(model._name, ([], {}))
            for group, rows in self._read_groups(model, domain, f"{name}:{aggregator}"):
                with self.subTest(model._name, field=name, group=group):
                    found = {self._key(key): value for *key, value in rows}
                    expected = self._expected(model, domain, name, aggregator, group)
                    self.assertEqual(found.keys(), expected.keys())
                    for key, value in expected.items():
                        self._assert_equal(found[key], value)

    def test_runs(self):
        """Each run has its customers and their revenue once; several have no sum."""
        results = self.env["classification.run.result"]
        numbers = ["customer_count", "revenue", "lifetime_revenue"]
        specs = [f"{name}:sum" for name in numbers]
        runs = self.first_run | self.last_run | self.preview | self.back_test
        for run in runs:
            found = results._read_group([("run_id", "=", run.id)], [], specs)
            day = run.as_of_date
            expected = (self._window(day), self._documents(last=day))
            self.assertEqual(found, [(len(self.customers), *map(self._net, expected))])
        both = results._read_group([("run_id", "in", runs.ids)], [], specs)
        self.assertEqual([bool(number) for number in both[0]], [False] * 3)

    def test_what_came_after_a_back_test(self):
        day = self.back_test.as_of_date + timedelta(days=1)
        after = self._documents(day, self.back_test.horizon_date)
        found = self.env["classification.run.result"]._read_group(
            [("run_id", "=", self.back_test.id)],
            [],
            ["next_revenue:sum", "next_order_count:sum", "next_buyer_count:sum"],
        )
        buyers = {customer for customer, __, amount, __ in after if amount > 0}
        self.assertEqual(found, [(self._net(after), self._orders(after), len(buyers))])

    def test_in_one_currency(self):
        """Totals converted to one currency are the same total.

        Odoo asks for them where currencies differ.
        """
        for model, name, aggregator in self._aggregated():
            field = model._fields[name]
            if field.type != "monetary":
                continue
            domain, __ = self.totals[model._name]
            specs = [f"{name}:{aggregator}", f"{name}:sum_currency"]
            with self.subTest(model._name, field=name):
                [[own, converted]] = model._read_group(domain, [], specs)
                self._assert_equal(converted, own or 0)

    def test_average_of_two_currencies(self):
        """12 orders of 1,000 EUR and one of 500 USD, which are 250 EUR."""
        other = self._company("Dollar Ltd", currency="USD")
        self.env.user.company_ids |= other
        self._rate("USD", START, 2)
        partner = self._customer("Zz Elsewhere")
        self._purchase(partner, AS_OF, 500, company_id=other.id, currency_id=False)
        self._recompute(policy=self._policy(other))
        profiles = self.env["customer.profile"].with_context(
            allowed_company_ids=(self.company | other).ids
        )
        ours = [("partner_id", "in", (self.big | partner).ids)]
        revenue, orders, average = profiles._read_group(
            ours,
            [],
            ["revenue:sum_currency", "order_count:sum", "average_order:sum_currency"],
        )[0]
        self.assertEqual(revenue, self._net(self._window(), self.big) + 250)
        self.assertAlmostEqual(average, revenue / orders)

    # Fields of the views

    def test_measures(self):
        """Odoo's client fails on a measure without an aggregator."""
        for view in self._views():
            for field in etree.fromstring(view.arch).xpath("//field[@type='measure']"):
                shape = self.env[view.model].fields_get([field.get("name")])
                for name, one in shape.items():
                    with self.subTest(view.xml_id, field=name):
                        self.assertTrue(
                            one.get("aggregator") or one["type"] == "many2one"
                        )

    def test_footers(self):
        """Lists have no footer of an average, nor of shared numbers.

        Below a list, Odoo adds up its rows, or its groups where there are some; a
        number that is not the row's own would be added up wrongly.
        """
        for view in self._views():
            for field in etree.fromstring(view.arch).xpath("//list//field"):
                if not {"sum", "avg", "max", "min"} & set(field.attrib):
                    continue
                name, owner = self._owner(view, field)
                with self.subTest(view.xml_id, field=name):
                    self.assertEqual(set(field.attrib) & {"avg", "max", "min"}, set())
                    key = owner, name
                    if owner in SHARED:
                        self.assertIn(key, OWN)
                    # In a list of lines, all are of one record.
                    is_embedded = owner != view.model
                    self.assertTrue(is_embedded or key not in WITHIN)
                    # This one drops its totals below groups that overlap.
                    if field.getroottree().getroot().get("js_class") != COUNTED_ONCE:
                        many = self._groupable_lists(owner)
                        self.assertFalse(many, "a row would stand in several groups")

    def _owner(self, view, field):
        """The field that a node of a view shows, and the model that has it."""
        owner = self.env[view.model]
        for node in reversed(list(field.iterancestors("field"))):
            owner = self.env[owner._fields[node.get("name")].comodel_name]
        return field.get("name"), owner._name

    def _groupable_lists(self, model_name):
        shapes = self.env[model_name].fields_get(attributes=["type", "groupable"])
        return [
            name
            for name, shape in shapes.items()
            if shape["type"] == "many2many" and shape.get("groupable")
        ]

    def _views(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", f"{ADDONS}%")]
        )
        return (
            self.env["ir.ui.view"]
            .browse(data.mapped("res_id"))
            .exists()
            .filtered(lambda view: view.model in self.env)
        )

    # Sums of the rows of a group

    def _expected(self, model, domain, name, aggregator, group):
        """``{value of the group: total}``, worked out from the rows one by one."""
        rows = defaultdict(model.browse, {} if group else {(): model})
        for row in model.search(domain):
            for key in self._keys(row, group):
                rows[key] |= row
        count = self._distinct if aggregator == "count_distinct" else self._total
        return {key: count(model, name, kept) for key, kept in rows.items()}

    def _keys(self, row, group):
        """Return the groups of a row: two for a row with two tags."""
        if not group:
            return [()]
        name, __, is_dated = group.partition(":")
        value = row[name]
        if is_dated:
            value = value and type(value)(value.year, value.month, 1)
        is_many = row._fields[name].type == "many2many"
        return [self._key([one]) for one in (value if is_many and value else [value])]

    def _distinct(self, model, name, rows):
        return len(rows[name]._ids)

    def _total(self, model, name, rows):
        """Return the total of a number, None without one."""
        key = model._name, name
        if key in RATIOS:
            return self._ratio(rows, *RATIOS[key])
        within = WITHIN.get(key)
        if within and len(rows[within]) > 1:
            return None
        values = [one[name] for one in self._one_each(model, name, rows)]
        if model._fields[name].aggregator == "sum":
            return sum(values)
        weights = rows.mapped(WEIGHTS[key]) if key in WEIGHTS else [1] * len(values)
        total = sum(a * b for a, b in zip(values, weights, strict=True))
        return total / sum(weights) if sum(weights) else None

    def _one_each(self, model, name, rows):
        """Return the rows with a known number, one for each owner."""
        key = model._name, name
        if key in KNOWN:
            rows = rows.filtered(lambda row: row[KNOWN[key]])
        if key in OWN or model._name not in SHARED:
            return rows
        names = SHARED[model._name]
        units = {tuple(row[one].id for one in names): row for row in rows}
        return list(units.values())

    def _ratio(self, rows, over, under, factor, plus):
        for name in (over, under):
            rows = rows.filtered(FLAGS.get(name, "id"))
        divided, by = sum(rows.mapped(over)), sum(rows.mapped(under))
        return plus + factor * divided / by if by else None

    def _key(self, values):
        return tuple(
            value.id if isinstance(value, BaseModel) else value for value in values
        )

    def _assert_equal(self, found, expected):
        if expected is None:
            self.assertTrue(found is None or found is False, found)
        else:
            self.assertAlmostEqual(found or 0, expected, 4)

    # The fields, from the registry

    def _aggregated(self):
        """``[(model, field, aggregator)]`` of these addons."""
        for name in sorted(self.registry):
            model = self.env[name].with_context(**self._context_of(name))
            if model._abstract or model._transient:
                continue
            shown = model.fields_get(attributes=["type", "aggregator"])
            for field, shape in shown.items():
                modules = model._fields[field]._modules
                is_ours = ADDON in modules and (name, field) not in OF_GROUPS
                if field != "id" and shape.get("aggregator") and is_ours:
                    yield model, field, shape["aggregator"]

    def _context_of(self, model_name):
        """Return the context that a report needs: a customer, or days."""
        days = {"history_from_date": str(FIRST), "history_date": str(AS_OF)}
        return {
            "classification.history": days,
            "classification.migration": days,
            "classification.churn": days,
            "classification.bridge": days,
            "classification.cohort": days,
            "customer.effort": days,
            "customer.tier.effect": days,
            "customer.product": {"customer_product_partner_id": self.big.id},
            "customer.timeline": {"timeline_customer_id": self.big.id},
        }.get(model_name, {})

    def _read_groups(self, model, domain, spec):
        """Return ``[(group or None for the total, rows)]``.

        Of several groups at once, as a pivot asks for them; PostgreSQL allows 31.
        """
        for part in split_every(30, [None, *self._groups(model)]):
            asked = [[group] if group else [] for group in part]
            yield from zip(
                part, model._read_grouping_sets(domain, asked, [spec]), strict=True
            )

    def _groups(self, model):
        """Return the fields by which rows of a model can be grouped."""
        ours = (model._original_module or "").startswith(ADDONS)
        found = []
        for name, shape in model.fields_get().items():
            own = ours or ADDON in model._fields[name]._modules or name in MORE_GROUPS
            if shape.get("groupable") and own and shape["type"] in GROUPED:
                dated = shape["type"] in ("date", "datetime")
                found.append(f"{name}:month" if dated else name)
        return sorted(found)

    # Purchases

    @classmethod
    def _totals(cls):
        """``{model: (domain of our rows, {number: total})}``"""
        ours = [("company_id", "=", cls.company.id)]
        campaigns = [("campaign_id", "in", cls.campaigns.ids)]
        return {
            "campaign.participant": (campaigns, cls._of_participants()),
            "campaign.participant.tag": (campaigns, cls._of_tagged_participants()),
            "campaign.profile": (campaigns, cls._of_campaigns("")),
            "classification.run": (
                [("id", "in", cls.runs.ids)],
                {"duration": sum(cls.runs.mapped("duration"))},
            ),
            "classification.run.result": (
                ours,
                dict.fromkeys(cls.env["classification.run.result"]._added_within),
            ),
            "classification.change": (ours, {}),
            "classification.churn": (ours, cls._of_months()),
            "customer.data.gap.count": (ours, {}),
            "customer.complaint": (ours, {"late_count": 2}),
            "customer.feedback": (ours, {}),
            "customer.satisfaction": (ours, {"answer_count": 3}),
            "customer.timeline": (ours, {}),
            "customer.playbook.task": (ours, {"cost": 0}),
            "classification.move": (ours, {}),
            "classification.history": (ours, {"revenue": cls._net(cls._window())}),
            "classification.migration": (
                ours,
                {
                    "from_revenue": cls._net(cls._window(FIRST)),
                    "to_revenue": cls._net(cls._window()),
                },
            ),
            "classification.bridge": (
                ours,
                {
                    "from_revenue": cls._net(cls._window(FIRST)),
                    "known_revenue": cls._net(cls._window(FIRST)),
                    "correction": 0,
                    "to_revenue": cls._net(cls._window()),
                    "revenue_change": cls._net(cls._window())
                    - cls._net(cls._window(FIRST)),
                },
            ),
            "classification.cohort": (ours, {"revenue": cls._of_cohorts()}),
            "customer.conversion": (ours, cls._of_conversion()),
            "customer.data.age": (
                ours,
                {"customer_count": 3, "revenue": cls._net(cls._window())},
            ),
            "customer.effort": (ours, cls._of_effort()),
            # Nobody moved long enough ago: see ``test_tier_effect.py``.
            "customer.tier.effect": (ours, dict.fromkeys(EFFECTS, 0)),
            "classification.tag.usage": ([("partner_tag_id", "in", cls.tags.ids)], {}),
            "customer.product": ([], cls._of_bought_products()),
            "product.audience": ([("product_tmpl_id", "in", cls.products.ids)], {}),
            "classification.tag.report": (
                [("tag_id", "in", cls.tags.ids)],
                cls._of_customers(cls.big | cls.small),
            ),
            "customer.profile": (ours, cls._of_profiles()),
            "customer.purchase": (ours, {"company_amount": 12 * 1_010 + 5 + 60 + 7}),
            "product.attach.rate": (
                [("product_tmpl_id", "in", cls.products.ids)],
                {"missed_revenue": TONER_PRICE, "attach_rate": 1 / 3},
            ),
            "product.profile": (
                [*ours, ("product_tmpl_id", "in", cls.products.ids)],
                cls._of_products(),
            ),
            "product.variant.class": (ours, cls._of_products(cls.shirt)),
            "product.template": (
                [("id", "in", cls.products.ids)],
                cls._of_sold(),
            ),
            "product.product": (
                [("product_tmpl_id", "in", cls.products.ids)],
                cls._of_sold(),
            ),
            "res.partner": ([("id", "in", cls.contacts.ids)], cls._of_contacts()),
            "res.users": ([("id", "in", cls.users.ids)], cls._of_contacts(cls.big)),
            "utm.campaign": (
                [("id", "in", cls.campaigns.ids)],
                cls._of_campaigns("campaign_"),
            ),
        }

    @classmethod
    def _of_effort(cls):
        """Return the expected totals of 12 months: campaigns addressed, in May."""
        documents = cls._documents(date(2024, 6, 1), AS_OF)
        addressed = {"campaign_count": 4, "effort_count": 4}
        nothing = ("mail_count", "call_count", "visit_count", "meeting_count")
        return {
            **dict.fromkeys(nothing, 0),
            **addressed,
            "order_count": cls._orders(documents),
            "revenue": cls._net(documents),
        }

    @classmethod
    def _of_participants(cls):
        """Return the expected totals of participants, whatever the campaign.

        The participants touched on 1 May bought until 31 May: Big 500 + 1,800, 620 and
        twice 1,000; Late 140, of which 20 came back; Small twice 10.
        """
        revenue = 2_300 + 620 + 2_000 + 120 + 20
        return {
            "feedback_score": (80 + 50 + 20) / 3,
            "lead_count": 2,
            "opportunity_count": 1,
            "order_count": None,
            "revenue": revenue,
            "revenue_first": revenue,
            "revenue_last": revenue,
            "revenue_linear": revenue,
            "margin": cls._margin_of_campaigns(),
        }

    @classmethod
    def _margin_of_campaigns(cls):
        """Half of the revenue where no margin is known."""
        touched = cls._documents(MAY, date(2025, 5, 31))
        margins = [
            (amount / 2 if margin is None else margin)
            * (120 / 140 if customer == cls.late else 1)
            for customer, __, amount, margin in touched
        ]
        return sum(margins)

    @classmethod
    def _of_tagged_participants(cls):
        """Big with two tags in two campaigns, Small with one tag in one."""
        revenue = 2_300 + 620 + 2_000 + 20
        return {
            "conversion": 100,
            "lead_count": 0,
            "order_count": None,
            "participant_id": 3,
            "revenue": revenue,
        }

    @classmethod
    def _of_campaigns(cls, prefix):
        """Return the expected totals of campaigns: four of five bought."""
        participants = cls._of_participants()
        margin = participants.pop("margin")
        numbers = participants | {
            "margin": margin,
            "cost": 150,
            "roi": 100 * (margin - 150) / 150,
            "conversion_rate": 80,
            "feedback_count": 3,
            "feedback_score": 50,
            "cost_per_lead": 75,
            "target_leads": 15,
        }
        return {prefix + name: number for name, number in numbers.items()}

    @classmethod
    def _of_customers(cls, customers):
        window = cls._window()
        return {
            "customer_id": len(customers),
            "revenue": cls._net(window, customers),
            "order_count": cls._orders(window, customers),
        }

    @classmethod
    def _of_profiles(cls):
        documents, window = cls._documents(), cls._window()
        bought = [row for row in documents if row[2] > 0]
        margins = [margin for *__, margin in window]
        return {
            "visit_count": len({(customer, day) for customer, day, *__ in bought}),
            "order_count": cls._orders(window),
            "lifetime_order_count": cls._orders(documents),
            "revenue": cls._net(window),
            "revenue_share": 1,
            "order_revenue": cls._net(window) - cls._imported(),
            "import_revenue": cls._imported(),
            **dict.fromkeys(
                (
                    *("web_revenue", "counter_revenue", "invoice_revenue"),
                    "credit_revenue",
                ),
                0,
            ),
            "lifetime_revenue": cls._net(documents),
            "refund_amount": 20,
            "margin": sum(filter(None, margins)),
            "unknown_margin_count": margins.count(None),
            "average_order": cls._net(window) / cls._orders(window),
            "open_opportunity_count": 2,
            "open_opportunity_revenue": 700,
            "open_quotation_count": 1,
            "open_quotation_amount": 300,
            "won_back_count": 1,
            "expected_revenue": 2 * EXPECTED,
            "revenue_at_risk": 2 * AT_RISK,
        }

    @classmethod
    def _imported(cls):
        """Return the imported part of the window."""
        purchases = cls.env["customer.purchase"].search(
            [
                ("company_id", "=", cls.company.id),
                ("date", ">", AS_OF.replace(year=AS_OF.year - 1)),
                ("date", "<=", AS_OF),
            ]
        )
        return sum(purchases.mapped("amount"))

    @classmethod
    def _of_products(cls, products=None):
        lines = cls._lines(products)
        revenue = sum(lines.mapped("price_subtotal"))
        numbers = {
            "line_count": sum(line.product_uom_qty > 0 for line in lines),
            # Pieces and kilograms
            "quantity": None if not products else 5 + 2 - 1 + 1,
            "revenue": revenue,
        }
        if products:
            return numbers
        margins = [
            line.price_subtotal - line.product_uom_qty * line.product_id.standard_price
            for line in lines
            # Orders with margins (`sale_margin`) also have a cost of zero.
            if line.product_id.standard_price or "margin" in line._fields
        ]
        return numbers | {
            "lifetime_line_count": numbers["line_count"],
            "lifetime_revenue": revenue,
            "margin": sum(margins),
        }

    @classmethod
    def _of_conversion(cls):
        """Return the leads and purchases of each customer; leads came last of all."""
        documents = cls._documents()
        days = defaultdict(set)
        for customer, day, amount, __ in documents:
            if amount > 0:
                days[customer].add(day)
        leads = cls.env["crm.lead"].search([("company_id", "=", cls.company.id)])
        first = {}
        for lead in leads.sorted("create_date"):
            first.setdefault(lead.partner_id, lead.create_date.date())
        waits = [
            (min(days[customer]) - day).days
            for customer, day in first.items()
            if days[customer] and min(days[customer]) >= day
        ]
        again = sum(len(one) > 1 for one in days.values())
        bought = sum(bool(one) for one in days.values())
        kept = len(
            {customer for customer, __, amount, *__ in cls._window() if amount > 0}
        )
        return {
            "lead_count": len(first),
            "converted_count": len(waits),
            "conversion_rate": 100 * len(waits) / len(first),
            "days_to_purchase": sum(waits) / len(waits) if waits else 0,
            "customer_count": bought,
            "repeat_count": again,
            "repeat_rate": 100 * again / bought,
            "kept_count": kept,
            "retention_rate": 100 * kept / bought,
            "revenue": cls._net(documents),
            "customer_value": cls._net(documents) / bought,
        }

    @classmethod
    def _of_cohorts(cls):
        """Return what they bought who bought first in one of the last 12 months."""
        start = AS_OF.replace(year=AS_OF.year - 1, day=1)
        documents = cls._documents()
        old = {row[0] for row in documents if row[2] > 0 and row[1] < start}
        return cls._net([row for row in documents if row[0] not in old])

    @classmethod
    def _of_months(cls):
        """June is the one month at whose beginning customers had a class."""
        buyers = {row[0] for row in cls._documents(last=FIRST) if row[2] > 0}
        return {
            "customer_count": len(buyers),
            "lost_count": 0,
            "revenue": cls._net(cls._window(MAY.replace(day=31)), buyers),
            "lost_revenue": 0,
            "revenue_churn_rate": 0,
        }

    @classmethod
    def _of_bought_products(cls):
        """Printer twice, copier and toner, by contacts of Big."""
        return {"times_bought": 4, "revenue": 2_300 + 620}

    @classmethod
    def _of_sold(cls):
        numbers = cls._of_products()
        return {
            "product_quantity_sold": None,
            "product_revenue": numbers["revenue"],
            "product_times_sold": numbers["line_count"],
        }

    @classmethod
    def _of_contacts(cls, customers=None):
        """Return the totals of customers, whatever their number of contacts."""
        kept = customers or cls.customers
        numbers = cls._of_customers(kept)
        return {
            "customer_revenue": numbers["revenue"],
            "customer_revenue_share": numbers["revenue"] / cls._net(cls._window()),
            "customer_order_count": numbers["order_count"],
            "customer_employee_count": 90 if customers else 50,
            "customer_turnover": 3_000,
            "customer_revenue_at_risk": (1 if customers else 2) * AT_RISK,
        }
