from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged, users

from ..common import AS_OF, ClassificationCase

DAY = timedelta(days=1)


class HistoryCase(ClassificationCase):
    """Customers whose changes are written down, with their days, by the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob, cls.cay = (
            cls._customer(name) for name in ("Ann", "Bob", "Cay")
        )

    @classmethod
    def _change(cls, partner, to, valid, recorded=None, axis="value_tier", **values):
        """Create a change of the history.

        Recorded at noon of the day on which it is valid unless the test says when;
        ``to`` is a code, or False for no class.
        """
        column, value = cls._end(axis, to)
        change = cls.env["classification.change"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "axis": axis,
                column: value,
                "cause": "data",
                "valid_date": valid,
                **values,
            }
        )
        return cls._created(change, recorded or valid)

    @classmethod
    def _end(cls, axis, code):
        """Column and value of a class."""
        if axis == "value_tier":
            return "to_tier_id", code and cls._tier(code).id
        if axis == "lifecycle_stage":
            return "to_stage_id", code and cls._stage(code).id
        return "to_risk", code

    def _rows(self, day=None, known=None, companies=None):
        context = {"history_date": day, "history_known_date": known}
        if companies:
            context["allowed_company_ids"] = companies.ids
        return self.env["classification.history"].with_context(**context).search([])

    def _tiers(self, day=None, known=None):
        """``{customer: code of the tier}``"""
        return {
            row.partner_id: row.value_tier_id.code for row in self._rows(day, known)
        }

    def _tier_of(self, partner, day, known=None):
        return self._tiers(day, known).get(partner)


def day(month, number):
    return date(2025, month, number)


@tagged("post_install", "-at_install")
class TestHistory(HistoryCase):
    """The class on a day is the latest valid one, of those recorded last."""

    def test_day_by_day(self):
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "vip", day(3, 10))
        for when, tier in (
            (day(1, 9), None),
            (day(1, 10), "low"),
            (day(3, 9), "low"),
            (day(3, 10), "vip"),
            (day(6, 1), "vip"),
            (date(2024, 1, 1), None),
        ):
            self.assertEqual(self._tier_of(self.ann, when), tier, when)

    def test_axes_in_one_row(self):
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "new", day(1, 10), axis="lifecycle_stage")
        self._change(self.ann, "high", day(2, 1), axis="churn_risk")
        self._change(self.ann, "active", day(3, 1), axis="lifecycle_stage")
        self._change(self.bob, "lost", day(1, 10), axis="lifecycle_stage")
        rows = self._rows(day(2, 15))
        ann = rows.filtered(lambda row: row.partner_id == self.ann)
        self.assertEqual(len(rows), 2)
        self.assertEqual(ann.as_of_date, day(2, 15))
        self.assertEqual(ann.company_id, self.company)
        self.assertEqual(ann.value_tier_id, self._tier("low"))
        self.assertEqual(ann.lifecycle_stage_id, self._stage("new"))
        self.assertEqual(ann.churn_risk, "high")
        self.assertEqual(ann.value_tier_since, day(1, 10))
        self.assertEqual(ann.churn_risk_since, day(2, 1))
        bob = rows - ann
        self.assertFalse(bob.value_tier_id)
        self.assertFalse(bob.value_tier_since)
        self.assertEqual(bob.lifecycle_stage_id, self._stage("lost"))

    def test_bitemporal(self):
        """A day is shown as known on another day.

        Believed since 10 March: VIP. Known since 5 May: high since 10 February,
        already. Known since 7 June: VIP was wrong, and it was high all the time.

        ================  =====  =====  =====  =====
        asked on          15/1   15/2   15/3   15/4
        ================  =====  =====  =====  =====
        as known on 9/1
        as known on 1/4   low    low    vip    vip
        as known on 6/5   low    high   vip    vip
        as known on 8/6   low    high   high   high
        today             low    high   high   high
        ================  =====  =====  =====  =====
        """
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "vip", day(3, 10))
        self._change(self.ann, "high", day(2, 10), recorded=day(5, 5))
        self._change(self.ann, "high", day(3, 10), recorded=day(6, 7))
        asked = [day(month, 15) for month in (1, 2, 3, 4)]
        for known, believed in (
            (day(1, 9), [None, None, None, None]),
            (day(4, 1), ["low", "low", "vip", "vip"]),
            (day(6, 6), ["low", "high", "vip", "vip"]),
            (day(6, 8), ["low", "high", "high", "high"]),
            (None, ["low", "high", "high", "high"]),
        ):
            found = [self._tier_of(self.ann, when, known) for when in asked]
            self.assertEqual(found, believed, known)

    def test_since_goes_back_with_a_correction(self):
        """The same class from an earlier day on: it holds since then."""
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "high", day(3, 10))
        self._change(self.ann, "high", day(2, 10), recorded=day(5, 5))
        self.assertEqual(self._rows(day(4, 1)).value_tier_since, day(2, 10))
        then = self._rows(day(4, 1), known=day(5, 4))
        self.assertEqual(then.value_tier_since, day(3, 10))
        self.assertEqual(self._rows(day(2, 1)).value_tier_since, day(1, 10))

    def test_since_without_what_was_overruled_on_its_own_day(self):
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "vip", day(3, 10))
        self._change(self.ann, "low", day(3, 10), recorded=day(5, 5))
        self._change(self.ann, "low", day(4, 10), recorded=day(5, 5))
        self.assertEqual(self._rows(day(5, 1)).value_tier_since, day(1, 10))

    def test_last_recorded_wins_whatever_its_number(self):
        later = self._change(self.ann, "vip", day(1, 10), recorded=day(5, 5))
        earlier = self._change(self.ann, "low", day(1, 10), recorded=day(1, 10))
        self.assertLess(later.id, earlier.id)
        self.assertEqual(self._tier_of(self.ann, day(2, 1)), "vip")

    def test_class_removed(self):
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, False, day(3, 10))
        self._change(self.bob, "low", day(1, 10))
        self._change(self.bob, "low", day(1, 10), axis="churn_risk")
        self._change(self.bob, False, day(3, 10), axis="churn_risk")
        self.assertEqual(self._tiers(day(3, 9)), {self.ann: "low", self.bob: "low"})
        self.assertEqual(self._tiers(day(3, 10)), {self.bob: "low"})
        bob = self._rows(day(3, 10))
        self.assertFalse(bob.churn_risk)
        self.assertFalse(bob.churn_risk_since)

    def test_nothing_known(self):
        self.assertFalse(self._rows(day(1, 1)))
        self.assertEqual(
            self.env["classification.history"]._read_group(
                [], ["value_tier_id"], ["__count"]
            ),
            [],
        )

    def test_known_until_the_end_of_the_day_of_the_policy(self):
        """A day ends at midnight in the policy's time zone.

        In Auckland, 13 hours before UTC, 14 January begins on the 13th.
        """
        self._policy(self.company, tz="Pacific/Auckland")
        self._change(self.ann, "low", day(1, 1), recorded=datetime(2025, 1, 13, 10, 59))
        self._change(self.bob, "low", day(1, 1), recorded=datetime(2025, 1, 13, 11, 0))
        self.assertEqual(self._tiers(day(1, 1), known=day(1, 13)), {self.ann: "low"})
        self.assertEqual(len(self._tiers(day(1, 1), known=day(1, 14))), 2)

    def test_today_in_the_time_zone_of_the_policy(self):
        """Kiritimati is 25 hours ahead of Pago Pago: one day, or two for an hour."""
        days = []
        for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
            policy = self._policy(self.company, tz=zone)
            self._change(self.ann, "low", policy._today())
            self._change(self.bob, "low", policy._today() + DAY)
            self.assertEqual(self._tiers(), {self.ann: "low"})
            days.append(self._rows().as_of_date)
            self.env["classification.change"].search([]).sudo().unlink()
        self.assertIn(days[1] - days[0], (DAY, 2 * DAY))

    def test_days_as_text_and_as_dates(self):
        self._change(self.ann, "low", day(1, 10))
        self.assertEqual(len(self._rows("2025-01-10", "2025-01-10")), 1)
        self.assertEqual(len(self._rows("2025-01-09")), 0)
        for nonsense in ("yesterday", "2025-02-30", 7):
            with self.assertRaisesRegex(UserError, "no|not"):
                self._rows(nonsense)

    def test_one_record_many_days(self):
        """A record is the customer; its values depend on the day alone."""
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "vip", day(3, 10))
        before, after = self._rows(day(2, 1)), self._rows(day(4, 1))
        self.assertEqual(before, after)
        self.assertEqual(before.value_tier_id.code, "low")
        self.assertEqual(after.value_tier_id.code, "vip")
        self.assertEqual(before.value_tier_since, day(1, 10))
        self.assertEqual(after.value_tier_since, day(3, 10))
        self.assertEqual(before.value_tier_color, self._tier("low").color)

    def test_search_by_id_and_customer(self):
        for partner in (self.ann, self.bob, self.cay):
            self._change(partner, "low", day(1, 10))
        rows = self._rows(day(2, 1))
        two = rows.filtered(lambda row: row.partner_id != self.cay)
        self.assertEqual(rows.search([("id", "in", two.ids)]), two)
        self.assertEqual(rows.search([("id", "=", two[0].id)]), two[0])
        self.assertEqual(rows.search(["!", ("id", "in", two.ids)]), rows - two)
        self.assertEqual(
            rows.search(
                ["|", ("id", "=", two[0].id), ("partner_id", "=", self.cay.id)]
            ),
            rows - two[1],
        )
        self.assertEqual(rows.search([("partner_id", "=", "Cay")]), rows - two)
        self.assertFalse(rows.search([("id", "=", False)]))
        self.assertEqual(rows.exists(), rows)

    def test_group(self):
        self.ann.user_id = self.env.user
        self.ann.country_id = self.env.ref("base.nz")
        for partner, tier, amount in (
            (self.ann, "low", 30),
            (self.bob, "low", 12),
            (self.cay, "vip", 500),
        ):
            self._change(partner, tier, day(1, 10))
            self._purchase(partner, day(1, 20), amount)
            self._purchase(partner, day(2, 20), 1_000)
        model = self.env["classification.history"].with_context(history_date=day(2, 1))
        self.assertEqual(
            model._read_group([], ["value_tier_id"], ["__count", "revenue:sum"]),
            [(self._tier("vip"), 1, 500), (self._tier("low"), 2, 42)],
        )
        for name, value in (
            ("user_id", self.env.user),
            ("country_id", self.env.ref("base.nz")),
        ):
            groups = dict(model._read_group([], [name], ["__count"]))
            self.assertEqual(groups[value], 1, name)
            self.assertEqual(sum(groups.values()), 3, name)
        self.assertEqual(model.search_count([("user_id", "=", self.env.uid)]), 1)

    def test_deleted_customer_vanishes(self):
        self._change(self.ann, "low", day(1, 10))
        self._change(self.bob, "low", day(1, 10))
        self.ann.unlink()
        self.assertEqual(self._tiers(day(2, 1)), {self.bob: "low"})

    def test_archived_customer_stays(self):
        self._change(self.ann, "low", day(1, 10))
        self.ann.active = False
        self.assertEqual(self._tiers(day(2, 1)), {self.ann: "low"})

    def test_archived_tier_stays_and_is_not_deleted(self):
        tier = self.env["customer.value.tier"].create(
            {"name": "Platinum", "code": "platinum"}
        )
        change = self._change(self.ann, "low", day(1, 10))
        change.to_tier_id = tier
        tier.active = False
        self.assertEqual(self._rows(day(2, 1)).value_tier_id, tier)
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            tier.unlink()
        change.to_tier_id = self._tier("low")
        tier.unlink()

    def test_two_companies(self):
        other = self._company("Other Ltd", "USD")
        self.env.user.company_ids |= other
        self._change(self.ann, "low", day(1, 10))
        self._change(self.ann, "vip", day(1, 10), company_id=other.id)
        self._change(self.bob, "vip", day(1, 10), company_id=other.id)
        self.assertEqual(self._tiers(day(2, 1)), {self.ann: "low"})
        both = self._rows(day(2, 1), companies=self.company + other)
        self.assertEqual(
            {(row.partner_id, row.company_id): row.value_tier_id.code for row in both},
            {
                (self.ann, self.company): "low",
                (self.ann, other): "vip",
                (self.bob, other): "vip",
            },
        )
        self.assertEqual(len(set(both.ids)), 3)
        self.assertEqual(both.currency_id, (self.company + other).currency_id)
        self.assertEqual(
            both.mapped("value_tier_since"), [day(1, 10)] * 3, "also in the other one"
        )

    def test_queries(self):
        for partner in (self.ann, self.bob, self.cay):
            self._change(partner, "low", day(1, 10))
        name = {"fields": {"display_name": {}}}
        page = {
            "partner_id": name,
            "value_tier_id": name,
            **dict.fromkeys(("value_tier_color", "value_tier_since", "revenue"), {}),
        }
        model = self.env["classification.history"].with_context(
            history_date="2025-02-01"
        )
        model.web_search_read([], page)
        self.env.invalidate_all()
        # Rows, count, names of both kinds, since when; and of revenue the policies, the
        # company, and the purchases.
        with self.assertQueryCount(8):
            model.web_search_read([], page)
        with self.assertQueryCount(1):
            model._read_group([], ["lifecycle_stage_id"], ["__count"])

    def test_open_customer(self):
        self._change(self.bob, "low", day(1, 10))
        self._purchase(self.ann, AS_OF, 10)
        self._recompute()
        rows = self._rows(AS_OF)
        ann = rows.filtered(lambda row: row.partner_id == self.ann)
        action = ann.action_open_customer()
        self.assertEqual(action["res_model"], "customer.profile")
        self.assertEqual(action["res_id"], self._profile(self.ann).id)
        action = (rows - ann).action_open_customer()
        self.assertEqual(action["res_model"], "res.partner")
        self.assertEqual(action["res_id"], self.bob.id)
        self.ann.active = False
        self._recompute()
        self.assertEqual(
            ann.action_open_customer()["res_id"], self._profile(self.ann).id
        )


@tagged("post_install", "-at_install")
class TestHistoryOfRuns(HistoryCase):
    """The history of today equals the profiles."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 1_000)
        cls.small = cls._regular("Small", 10)
        cls.once = cls._regular("Once", 700, times=1)
        cls._recompute()

    def _classes(self, records):
        return {
            (row.partner_id, row.value_tier_id, row.lifecycle_stage_id, row.churn_risk)
            for row in records
        }

    def assertLikeProfiles(self, when):
        profiles = self.env["customer.profile"].with_context(active_test=False)
        self.assertEqual(
            self._classes(self._rows(when)),
            self._classes(profiles.search([("company_id", "=", self.company.id)])),
        )

    def test_after_runs(self):
        self.assertLikeProfiles(AS_OF)
        first = self._classes(self._rows(AS_OF))
        self.assertEqual(len(first), 3)
        self._purchase(self.small, AS_OF + 40 * DAY, 8_000)
        for days in (40, 60, 100, 400):
            self._recompute(AS_OF + days * DAY)
            self.assertLikeProfiles(AS_OF + days * DAY)
        self.assertEqual(self._classes(self._rows(AS_OF + 39 * DAY)), first)

    def test_customer_who_became_a_contact_leaves(self):
        parent = self._customer("Parent", is_company=True)
        self.small.parent_id = parent
        self._recompute(AS_OF + DAY)
        self.assertLikeProfiles(AS_OF + DAY)
        self.assertIn(self.small, self._rows(AS_OF).partner_id)
        self.assertNotIn(self.small, self._rows(AS_OF + DAY).partner_id)

    def _merge(self, partners, destination):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(partners.ids, destination)
        self.env.invalidate_all()

    def test_merged_customers_have_one_past(self):
        past = self._classes(self._rows(AS_OF)) - {
            row
            for row in self._classes(self._rows(AS_OF))
            if row[0] in (self.once, self.small)
        }
        self._merge(self.vip + self.once + self.small, self.vip)
        self.assertEqual(self._classes(self._rows(AS_OF)), past)
        self._recompute(AS_OF + DAY)
        self.assertLikeProfiles(AS_OF + DAY)

    def test_merged_into_somebody_new_who_takes_the_past_over(self):
        known = self._rows(AS_OF).filtered(lambda row: row.partner_id == self.vip)
        tier = known.value_tier_id
        self._merge(self.vip + self.ann, self.ann)
        self.assertEqual(self._tier_of(self.ann, AS_OF), tier.code)
        self._recompute(AS_OF + DAY)
        self.assertLikeProfiles(AS_OF + DAY)

    def test_merge_leaves_other_companies_and_customers_alone(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._change(self.small, "high", AS_OF, company_id=other.id)
        self._merge(self.vip + self.small, self.vip)
        rows = self._rows(AS_OF, companies=other)
        self.assertEqual(rows.partner_id, self.vip)
        self.assertEqual(rows.value_tier_id.code, "high")
        self.assertEqual(
            self._rows(AS_OF).partner_id, self.vip + self.once, "in this company"
        )


@tagged("post_install", "-at_install")
class TestHistoryAccess(HistoryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._company("Other Ltd")
        cls._change(cls.ann, "low", day(1, 10))
        cls._purchase(cls.ann, day(1, 10), 5)
        cls._change(cls.bob, "vip", day(1, 10), company_id=cls.other.id)
        cls._user("plain", "base.group_user")
        cls._user("seller", "sales_team.group_sale_salesman")
        cls._user("officer", "customer_classification.group_officer")
        cls._user("leader", "sales_team.group_sale_salesman_all_leads")
        cls._user("portal", "base.group_portal")

    def _customers(self, **context):
        context = {"history_date": "2025-02-01", **context}
        return self.env["classification.history"].with_context(**context).search([])

    @users("plain", "seller", "officer")
    def test_internal_users_see_classes_without_money(self):
        rows = self._customers()
        self.assertEqual(rows.partner_id, self.ann)
        self.assertEqual(rows.value_tier_id.code, "low")
        self.assertEqual(rows.value_tier_since, day(1, 10))
        with self.assertRaises(AccessError):
            rows.read(["revenue"])
        with self.assertRaises(AccessError):
            rows._read_group([], [], ["revenue:sum"])
        with self.assertRaises(AccessError):
            rows.search([("revenue", ">", 1)])

    @users("leader")
    def test_who_sees_all_sales_sees_money(self):
        self.assertEqual(self._customers().revenue, 5)

    @users("portal")
    def test_portal_sees_nothing(self):
        with self.assertRaises(AccessError):
            self._customers()

    @users("seller")
    def test_other_company_is_closed(self):
        with self.assertRaises(AccessError):
            self._customers(allowed_company_ids=self.other.ids)

    @users("seller")
    def test_nobody_writes(self):
        rows = self._customers()
        for attempt in (
            lambda: rows.write({"churn_risk": "low"}),
            rows.unlink,
            lambda: rows.create({"partner_id": self.ann.id}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    @users("plain")
    def test_without_the_group_no_wizard(self):
        with self.assertRaises(AccessError):
            self.env["classification.history.wizard"].create({})

    @users("seller")
    def test_wizard(self):
        with Form(self.env["classification.history.wizard"]) as form:
            self.assertEqual(form.date, self.policy.sudo()._today())
            self.assertIn("2025-01-10", form.hint)
            form.date = day(6, 30)
        action = form.record.action_open()
        self.assertEqual(action["name"], "Customers as of 2025-06-30")
        self.assertEqual(action["context"]["history_date"], "2025-06-30")
        rows = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(rows.search([]).partner_id, self.ann)

    @users("seller")
    def test_wizard_says_as_known_on(self):
        wizard = self.env["classification.history.wizard"].create(
            {"date": day(6, 30), "known_date": day(1, 9)}
        )
        action = wizard.action_open()
        self.assertIn("as known on 2025-01-09", action["name"])
        rows = self.env[action["res_model"]].with_context(**action["context"])
        self.assertFalse(rows.search([]))

    @users("seller")
    def test_wizard_refuses_days_to_come(self):
        tomorrow = self.policy.sudo()._today() + DAY
        for values in ({"date": tomorrow}, {"known_date": tomorrow}):
            with self.assertRaisesRegex(UserError, "lies ahead"):
                self.env["classification.history.wizard"].create(values)

    @users("seller")
    def test_wizard_teaches_where_nothing_is_known(self):
        wizard = self.env["classification.history.wizard"].create({"date": day(1, 9)})
        self.assertIn("first classes are from 2025-01-10", wizard.action_open()["help"])
        self.env["classification.change"].sudo().search([]).unlink()
        self.env.invalidate_all()
        self.assertIn("Nobody has been classified", wizard.action_open()["help"])
