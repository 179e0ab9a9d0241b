from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.common.arguments import as_choice, as_day, as_ids, as_number
from ..common import AS_OF, ClassificationCase

# Values that no argument can have.
JUNK = ("junk", "\0", [["x"]], {"a": 1}, -1, 2**40, 1.5, True, "2025-02-30", "NaN")


@tagged("post_install", "-at_install")
class TestRecomputeArguments(ClassificationCase):
    """Anybody calls the public methods by RPC, with any value."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "user": "customer_classification.group_user",
            "officer": "customer_classification.group_officer",
            "manager": "customer_classification.group_manager",
        }
        cls.users = {
            name: cls._user(f"caller_{name}", group) for name, group in groups.items()
        }
        cls.customer = cls._regular("Customer", 100)
        cls._recompute()
        cls.policy.action_new_version()
        cls.draft = cls.env["classification.policy"].search(
            [("company_id", "=", cls.company.id), ("state", "=", "draft")]
        )
        cls.today = cls.policy._today()

    def _as(self, name, policy=None):
        return (policy or self.policy).with_user(self.users[name])

    def _runs(self):
        return self.env["classification.run"].search_count(
            [("company_id", "=", self.company.id)]
        )

    def _assert_refused(self, call, error=UserError):
        before = self._runs()
        with self.assertRaises(error) as refused, self.env.cr.savepoint():
            call()
        self.assertNotIn("SELECT", str(refused.exception))
        self.assertEqual(self._runs(), before)

    def test_junk_is_refused_in_words(self):
        calls = [
            (method, name)
            for method, names in (
                ("recompute", ("as_of_date", "partner_ids", "kind", "horizon_days")),
                ("recompute_products", ("as_of_date", "kind")),
                ("recompute_campaigns", ("as_of_date",)),
            )
            for name in names
        ]
        for method, name in calls:
            for junk in JUNK:
                arguments = {name: junk}
                if name == "horizon_days":
                    arguments |= {"kind": "back_test", "as_of_date": "2025-01-01"}
                with self.subTest(method, argument=name, value=junk):
                    policy = self._as("officer")
                    self._assert_refused(
                        lambda m=method, p=policy, a=arguments: getattr(p, m)(**a)
                    )

    def test_kinds_of_other_methods(self):
        for kind in ("product", "product_preview", "campaign", "queued", "", False):
            for name in self.users:
                with self.subTest(name, kind=kind):
                    self._assert_refused(
                        lambda n=name, k=kind: self._as(n).recompute(
                            kind=k, partner_ids=self.customer.ids
                        )
                    )

    def test_no_day_still_to_come(self):
        tomorrow = self.today + timedelta(1)
        for day in (tomorrow, str(tomorrow), "2099-01-01", date.max, "0001-01-01"):
            for call in (
                lambda d: self._as("manager").recompute(as_of_date=d),
                lambda d: self._as("manager").recompute(as_of_date=d, kind="preview"),
                lambda d: self._as("manager").recompute(as_of_date=d, kind="back_test"),
                lambda d: self._as("user").recompute(
                    as_of_date=d, partner_ids=self.customer.ids
                ),
                lambda d: self._as("manager").recompute_products(as_of_date=d),
                lambda d: self._as("manager").recompute_products(d, kind="preview"),
                lambda d: self._as("manager").recompute_campaigns(as_of_date=d),
                lambda d: self.policy.recompute(as_of_date=d),
            ):
                with self.subTest(day):
                    self._assert_refused(lambda c=call, d=day: c(d))

    def test_today_is_that_of_the_policy(self):
        with self._on(self.today + timedelta(1)):
            run = self._as("officer").recompute(as_of_date=self.today + timedelta(1))
        self.assertEqual(run.state, "done", run.error)

    def test_only_published_policies_write(self):
        for policy in (self.draft, self._retired()):
            for call in (
                lambda p: p.recompute(),
                lambda p: p.recompute(partner_ids=self.customer.ids),
                lambda p: p.refresh(),
                lambda p: p.recompute_products(),
                lambda p: p.recompute_campaigns(),
                lambda p: p.action_recompute(),
                lambda p: p.action_recompute_products(),
                lambda p: p.action_recompute_campaigns(),
            ):
                with self.subTest(policy.state):
                    policy = self._as("manager", policy)
                    self._assert_refused(lambda c=call, p=policy: c(p))
            run = self._as("officer", policy).recompute(AS_OF, kind="preview")
            self.assertEqual(run.state, "done", run.error)

    def _retired(self):
        return self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "retired")], limit=1
        )

    def test_who_recomputes_everybody(self):
        for call in (
            lambda p: p.recompute(),
            lambda p: p.refresh(),
            lambda p: p.recompute(kind="preview"),
            lambda p: p.recompute(kind="preview", partner_ids=self.customer.ids),
            lambda p: p.recompute("2025-01-01", kind="back_test"),
            lambda p: p.recompute_products(),
            lambda p: p.recompute_products(kind="preview"),
            lambda p: p.recompute_campaigns(),
            lambda p: p.action_recompute(),
            lambda p: p.action_recompute_products(),
            lambda p: p.action_recompute_campaigns(),
        ):
            self._assert_refused(lambda c=call: c(self._as("user")), AccessError)
            call(self._as("officer"))
        run = self._as("user").recompute(partner_ids=self.customer.ids)
        self.assertEqual((run.state, run.looked_at_count), ("done", 1))

    def test_only_customers_that_the_caller_reads(self):
        other = self._company("Other Ltd")
        foreign = self._customer("Foreign", company_id=other.id)
        ids = self.customer.ids
        for partners in (foreign.ids, [*ids, foreign.id], [2**31 - 1], [0]):
            with self.subTest(partners):
                self._assert_refused(
                    lambda p=partners: self._as("user").recompute(partner_ids=p)
                )

    def test_policy_of_another_company(self):
        other = self._company("Other Ltd")
        policy = other._get_customer_policy() or self._policy(other)
        for method in (
            *("recompute", "refresh", "recompute_products", "recompute_campaigns"),
            *("action_recompute", "action_recompute_products", "action_publish"),
            *("action_recompute_campaigns", "action_new_version", "action_preview"),
        ):
            with self.subTest(method):
                call = getattr(self._as("manager", policy), method)
                self._assert_refused(call, AccessError)

    def test_replaced_rules_are_not_queued_on(self):
        run = self.env["classification.run"]._queue(self.policy)
        products = self.env["classification.run"]._queue_of_kind(self.policy, "product")
        self.draft.write({"grace_days": 3, "product_a_percent": 50})
        self.draft._publish()
        self.assertEqual((run + products)._drop_outdated(), run + products)
        self.assertEqual(set((run + products).mapped("state")), {"rejected"})
        self.assertFalse(
            self.env["classification.run"]._queue(self.draft)._drop_outdated()
        )

    def test_helpers(self):
        self.assertEqual(as_day(self.env, "2024-02-29", "Day"), date(2024, 2, 29))
        self.assertEqual(as_day(self.env, AS_OF, "Day"), AS_OF)
        self.assertIsNone(as_day(self.env, False, "Day"))
        ids = self.customer.ids
        for value in (ids, ids[0], ids * 2, self.customer, tuple(ids)):
            self.assertEqual(as_ids(self.env, "res.partner", value), ids)
        self.assertEqual(as_ids(self.env, "res.partner", []), [])
        self.assertEqual(as_choice(self.env, "a", ("a", "b"), "Letter"), "a")
        self.assertEqual(as_number(self.env, 0.5, 0, 1, "Share"), 0.5)
        for call in (
            lambda: as_day(self.env, datetime(2025, 1, 1), "Day"),
            lambda: as_day(self.env, "٢٠٢٥-٠١-٠١", "Day"),
            lambda: as_ids(self.env, "res.partner", [True]),
            lambda: as_ids(self.env, "res.partner", "12"),
            lambda: as_choice(self.env, ["a"], ("a", "b"), "Letter"),
            lambda: as_number(self.env, float("nan"), 0, 1, "Share"),
            lambda: as_number(self.env, float("inf"), 0, 1, "Share"),
            lambda: as_number(self.env, 10**5000, 0, 1, "Share"),
            lambda: as_number(self.env, True, 0, 1, "Share"),
            lambda: as_number(self.env, 0.5, 0, 1, "Share", whole=True),
        ):
            with self.assertRaises(UserError):
                call()
