from datetime import date, timedelta

from odoo.tests import tagged

from .common import TagCase

RULE = "customer_classification.tag_rule_"
DAY = timedelta(days=1)


def _tag_of(rule):
    return rule.partner_tag_id


@tagged("post_install", "-at_install")
class TestHeardTags(TagCase):
    """Smart tags of the library on what customers say and do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = date.today()
        cls.first, cls.second = (
            cls._regular(name, 100, until=cls.today, is_company=True)
            for name in ("First", "Second")
        )
        cls._recompute(cls.today)

    def _tagged(self, *names):
        """Return ``{name: customers with the tag}`` of rules of the library."""
        rules = self.env["classification.tag.rule"].browse(
            self.env.ref(f"{RULE}{name}").id for name in names
        )
        rules.company_id = self.company
        rules.action_start()
        self.assertFalse(rules.filtered("error"), rules.mapped("error"))
        self.env.invalidate_all()
        ours = self.first | self.second
        return {
            name: ours.filtered(lambda one, tag=tag: tag in one.category_id)
            for name, tag in zip(names, map(_tag_of, rules), strict=True)
        }

    def _say(self, customer, *answers, **values):
        for answer in answers:
            self.env["customer.feedback"].create(
                {
                    "partner_id": customer.id,
                    "company_id": self.company.id,
                    "date": self.today,
                    "original_score": answer,
                    **values,
                }
            )

    def _complain(self, customer, days=1, **values):
        return self.env["customer.complaint"].create(
            {
                "name": "Broken",
                "partner_id": customer.id,
                "company_id": self.company.id,
                "open_date": self._moment(self.today - days * DAY),
                **values,
            }
        )

    def _category(self, name):
        return self.env.ref(f"customer_classification.customer_complaint_{name}").id

    def _mails(self, customer, count, days=10):
        self.env["mail.message"].create(
            [
                {
                    "model": "res.partner",
                    "res_id": customer.id,
                    "message_type": "email",
                    "author_id": customer.id,
                    "date": self._moment(self.today - days * DAY),
                }
            ]
            * count
        )

    def test_activity(self):
        self._mails(self.first, 12)
        self._mails(self.second, 2)
        found = self._tagged("high_activity", "low_activity")
        self.assertEqual(found["high_activity"], self.first)
        self.assertEqual(found["low_activity"], self.second)

    def test_who_was_never_in_touch_is_neither(self):
        found = self._tagged("high_activity", "low_activity")
        self.assertFalse(found["high_activity"] | found["low_activity"])

    def test_satisfaction(self):
        self._say(self.first, 4, 4)  # 75 of 100
        self._say(self.second, 1, 3)
        found = self._tagged("is_satisfied", "is_unhappy")
        self.assertEqual(found["is_satisfied"], self.first)
        self.assertEqual(found["is_unhappy"], self.second)

    def test_one_answer_is_too_little(self):
        self._say(self.first, 5)
        self._say(self.second, 1)
        found = self._tagged("is_satisfied", "is_unhappy")
        self.assertFalse(found["is_satisfied"] | found["is_unhappy"])

    def test_recommendation(self):
        asked = {"kind": "recommendation", "scale": "10"}
        self._say(self.first, 9, **asked)
        self._say(self.second, 6, **asked)
        found = self._tagged("promoter", "detractor")
        self.assertEqual(found["promoter"], self.first)
        self.assertEqual(found["detractor"], self.second)

    def test_channel(self):
        """Prefer what was said to what was seen."""
        self._mails(self.first, 2)
        self._mails(self.second, 2)
        self.second.customer_preferred_channel = "phone"
        found = self._tagged("prefers_mail", "prefers_phone", "prefers_visit")
        self.assertEqual(found["prefers_mail"], self.first)
        self.assertEqual(found["prefers_phone"], self.second)
        self.assertFalse(found["prefers_visit"])

    def test_needs_by_category_and_by_cause(self):
        self._complain(self.first, category_id=self._category("category_quality"))
        self._complain(self.first, category_id=self._category("category_support"))
        late = self._category("cause_late")
        self._complain(self.second, cause_id=late)
        self._complain(self.second, 400, category_id=self._category("category_quality"))
        names = ("need_quality", "need_delivery", "need_technique", "need_service")
        found = self._tagged(*names)
        self.assertEqual(found["need_quality"], self.first, "the other one is old")
        self.assertEqual(found["need_delivery"], self.second)
        self.assertEqual(found["need_technique"], self.first)
        self.assertFalse(found["need_service"])

    def test_intent(self):
        self._order(self.first, self.today, 50, confirm=False)
        self._opportunity(self.first)
        self._opportunity(self.second)
        self._recompute(self.today)
        found = self._tagged("intent_strong", "intent_weak")
        self.assertEqual(found["intent_strong"], self.first)
        self.assertEqual(found["intent_weak"], self.second)
