from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ... import copy_frames
from ...copy_frames import copied_rows
from ...models.customer.pipeline import CustomerPipeline
from ..common import AS_OF
from ..complaint.common import ComplaintCase
from ..run.test_refresh import RefreshCase

DAY = timedelta(days=1)
OFF = {
    "risk_complaints": 0,
    "risk_dissatisfied": 0,
    "risk_silent": 0,
    "interested_by_enquiry": False,
}


class HeardCase(ComplaintCase):
    """A customer who buys every thirty days, and what is heard of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.loud = cls._regular("Loud Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.loud.id)
        cls.calm = cls._regular("Calm Ltd", 100, is_company=True)

    @classmethod
    def _complain(cls, *days, **values):
        """Complaints so many days before the day of the runs."""
        for count in days:
            moment = cls._moment(AS_OF - count * DAY)
            cls._complaint(**{"partner_id": cls.loud.id, "open_date": moment, **values})

    @classmethod
    def _say(cls, answer, days=0, **values):
        return cls.env["customer.feedback"].create(
            {
                "partner_id": cls.loud.id,
                "company_id": cls.company.id,
                "date": AS_OF - days * DAY,
                "original_score": answer,
                **values,
            }
        )

    @classmethod
    def _mail(cls, days=0, author=None, **values):
        return cls.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": cls.loud.id,
                "message_type": "email",
                "author_id": (author or cls.clerk).id,
                "date": cls._moment(AS_OF - days * DAY),
                **values,
            }
        )

    def _why(self, partner=None):
        profile = self._profile(partner or self.loud)
        profile.invalidate_recordset()
        return profile.churn_risk, profile.risk_explanation

    def _rules(self, **values):
        """Publish a version with other rules."""
        return self._policy(self.company, **values)


@tagged("post_install", "-at_install")
class TestHeardRisk(HeardCase):
    """Signals of the churn risk that are no purchases, with their sentences."""

    def test_complaints_rise(self):
        self._complain(0, 100, 200, 400)
        self._complain(1, partner_id=self.calm.id)
        self._recompute()
        self.assertEqual(
            self._why(),
            (
                "medium",
                "Signals: 3 complaints in the last 12 months, 1 in the 12 months "
                "before.",
            ),
        )
        self.assertEqual(self._why(self.calm), ("low", "Buys in the usual rhythm."))

    def test_first_class_and_change_keep_their_numbers(self):
        self._complain(0, 100)
        self._recompute()
        self._complain(1)
        self._say(1)
        self._say(2)
        self._recompute()
        changes = self.env["classification.change"].search(
            [("partner_id", "=", self.loud.id), ("axis", "=", "churn_risk")], order="id"
        )
        self.assertEqual(changes.mapped("to_risk"), ["medium", "high"])
        self.assertEqual(
            changes.mapped("explanation_text"),
            [
                "Signals: 2 complaints in the last 12 months, 0 in the 12 months "
                "before.",
                "Signals: 3 complaints in the last 12 months, 0 in the 12 months "
                "before; satisfaction 12.5 of 100, the mean of 2 answers.",
            ],
        )
        self.assertEqual(changes[-1].cause, "data")

    def test_in_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self._complain(0, 100, 400)
        self._recompute()
        profile = self._profile(self.loud).with_context(lang="zh_CN")
        self.assertIn("最近 12 个月有 2 起投诉", profile.risk_explanation)

    def test_dissatisfied_with_enough_answers(self):
        self._say(1, 10)
        self._recompute()
        self.assertEqual(self._why()[0], "low")
        self._say(4, 20, partner_id=self.clerk.id)
        self._recompute()
        self.assertEqual(
            self._why(),
            (
                "medium",
                "Signals: satisfaction 37.5 of 100, the mean of 2 answers.",
            ),
        )
        self._say(5, 30)
        self._recompute()
        self.assertEqual(self._why()[0], "low")

    def test_a_mean_below_the_limit_never_reads_as_the_limit(self):
        for answer in (49.9, 50, 50, 50):
            self._say(answer, scale="100")
        self._recompute()
        self.assertIn("satisfaction 49.9 of 100", self._why()[1])

    def test_silent_from_the_rhythm_on(self):
        """Also purchases count: both bought last as long ago as they wrote."""
        self._mail(29)
        self._mail(10, author=self.calm)
        for customer in (self.loud, self.calm):
            self.env["customer.purchase"].search(
                [("partner_id", "=", customer.id), ("date", ">", AS_OF - 29 * DAY)]
            ).unlink()
        self._recompute()
        self.assertEqual(self._why()[1], "Buys in the usual rhythm.")
        self._rules(risk_silent=2, silent_ratio=1)
        policy = self.company._get_customer_policy()
        self._recompute(AS_OF + DAY, policy)
        self.assertEqual(
            self._why(),
            (
                "medium",
                "Signals: no interaction or purchase for 30 days, 1.0 times the own "
                "rhythm of 30 days.",
            ),
        )
        self.assertEqual(self._why(self.calm)[0], "low")

    def test_never_in_touch_is_not_silent(self):
        self._rules(risk_silent=1000)
        self._recompute(policy=self.company._get_customer_policy())
        self.assertEqual(self._why(), ("low", "Buys in the usual rhythm."))

    def test_only_what_was_known_on_the_day(self):
        self._complain(-1, -1)
        self._say(1, -1)
        self._say(1, -2)
        self._recompute()
        self.assertEqual(self._why()[0], "low")
        self._recompute(AS_OF + 2 * DAY)
        self.assertEqual(self._why()[0], "high")
        run = self._recompute(AS_OF, kind="back_test", horizon_days=90)
        risks = run.back_test_line_ids.filtered(lambda line: line.axis == "churn_risk")
        self.assertEqual(
            {line.churn_risk: line.customer_count for line in risks if line.churn_risk},
            {"low": 2, "medium": 0, "high": 0},
        )

    def test_other_companies_and_objectors_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._complain(0, 1, company_id=other.id)
        self._say(1, company_id=other.id)
        self._say(1, company_id=other.id)
        self._recompute()
        self.assertEqual(self._why()[0], "low")
        person = self._regular("Ada", 100)
        self._complain(0, 1, partner_id=person.id)
        person.customer_objects_profiling = True
        self._recompute()
        self.assertFalse(self._profile(person))

    def test_old_rules_stay_as_they_are(self):
        self._complain(0, 1)
        self._say(1)
        self._say(1)
        self._mail(300)
        self._rules(**OFF)
        policy = self.company._get_customer_policy()
        self._recompute(policy=policy)
        self.assertEqual(self._why(), ("low", "Buys in the usual rhythm."))
        draft = policy.copy(dict.fromkeys(OFF, 2) | {"interested_by_enquiry": True})
        run = draft.recompute(as_of_date=AS_OF, kind="preview")
        moves = run.move_ids.filtered(lambda move: move.axis == "churn_risk")
        self.assertEqual(moves.mapped("cause"), ["rules"])
        self.assertEqual(moves.to_risk, "high")
        draft._publish()
        run = draft.recompute(as_of_date=AS_OF)
        self.assertEqual(run.change_ids.mapped("cause"), ["rules"])
        # Back again: by rules, too, although these read nothing.
        back = policy.copy()
        back._publish()
        run = back.recompute(as_of_date=AS_OF)
        self.assertEqual(run.change_ids.mapped("cause"), ["rules"])

    def test_one_query_more(self):
        self._recompute()
        scope = self.env["classification.facts"]._scope(self.policy, AS_OF)
        facts = self.env["classification.facts"]
        parameters = self.policy._parameters()
        off = self.policy.copy(OFF)._parameters()
        counts = []
        for rules in (off, parameters):
            with patch.object(copy_frames, "copied_rows", wraps=copied_rows) as copied:
                facts._read(self.policy, rules, scope)
            counts.append(copied.call_count)
        self.assertEqual(counts[1], counts[0] + 1)

    def test_settled(self):
        """No row changes without another class or sentence."""
        self._complain(5)
        self._mail(5)
        self._recompute()
        self._complain(4, partner_id=self.calm.id)
        self._mail(1)
        self._say(4)
        written = []
        original = CustomerPipeline._profile_content

        def content(pipeline):
            result = original(pipeline)
            written.extend(pipeline.differing)
            return result

        self.patch(CustomerPipeline, "_profile_content", content)
        self._recompute()
        self.assertFalse(set(written) - {self.loud.id, self.calm.id})
        written.clear()
        self._recompute()
        self.assertFalse(written)


@tagged("post_install", "-at_install")
class TestHeardScores(HeardCase):
    """Interaction frequency and satisfaction among the scores."""

    def _scores(self, metric, limits, **values):
        fixed = {"method": "fixed", "limits": limits}
        self._rules(
            value_metric="score",
            tier_method="limit",
            tier_ids=self._limit_commands({"vip": 90, "high": 60, "low": 0}),
            metric_ids=[
                *(
                    Command.create({"metric": name, "weight": 0})
                    for name in ("recency", "frequency")
                ),
                Command.create(
                    {
                        "metric": "monetary",
                        "weight": 50,
                        "method": "fixed",
                        "limits": "10000",
                    }
                ),
                Command.create({"metric": metric, "weight": 50, **fixed}),
            ],
            **values,
        )
        policy = self.company._get_customer_policy()
        self._recompute(policy=policy)
        return [self._profile(one).value_score for one in (self.loud, self.calm)]

    def test_interactions(self):
        for days in (0, 10, 20, 400):
            self._mail(days)
        self._mail(500, author=self.calm)
        # Three in the window, and none in it; both miss the limit of money.
        self.assertEqual(self._scores("interactions", "2"), [50, 0])

    def test_who_was_never_in_touch_is_judged_by_the_others(self):
        self._mail(0)
        self.assertEqual(self._scores("interactions", "2"), [0, 0])
        self.assertEqual(self._scores("interactions", "0"), [50, 0])

    def test_satisfaction(self):
        self._say(5)
        self._say(4)
        self._say(5, partner_id=self.calm.id)
        # One answer is too little: only the money counts.
        self.assertEqual(self._scores("satisfaction", "50"), [50, 0])
        values = {"satisfaction_min_count": 1}
        self.assertEqual(self._scores("satisfaction", "50", **values), [50, 50])


@tagged("post_install", "-at_install")
class TestInterestedByEnquiry(HeardCase):
    """Prospects are interested by an enquiry that was answered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asks = cls._customer("Asks Ltd", is_company=True)
        cls.lead = cls._opportunity(cls.asks, created=AS_OF - 20 * DAY)
        cls.lead.type = "lead"
        cls._rules_of_contacts = cls._policy(cls.company, prospect_scope="contact")

    def _stage_of(self, day=AS_OF):
        self._recompute(day, self._rules_of_contacts)
        profile = self._profile(self.asks)
        profile.invalidate_recordset()
        return profile.lifecycle_stage_id.code, profile.stage_explanation

    def _answer(self, days=10, **values):
        return self._mail(
            days,
            author=self.seller.partner_id,
            model="crm.lead",
            res_id=self.lead.id,
            message_type="comment",
            subtype_id=self.env.ref("mail.mt_comment").id,
            **values,
        )

    def test_answered(self):
        self.assertEqual(self._stage_of()[0], "prospect")
        self._answer()
        self.assertEqual(
            self._stage_of(),
            (
                "interested",
                "Never bought; answered enquiries in the last 12 months: 1, open "
                "opportunities: 0, open quotations: 0.",
            ),
        )
        change = self.env["classification.change"].search(
            [("partner_id", "=", self.asks.id), ("axis", "=", "lifecycle_stage")],
            order="id desc",
            limit=1,
        )
        self.assertEqual(change.cause, "data")
        self.assertIn("answered enquiries in the last", change.explanation_text)

    def test_answered_later_lost_or_only_a_note(self):
        self._answer(-1)
        self.assertEqual(self._stage_of()[0], "prospect")
        self.assertEqual(self._stage_of(AS_OF + 2 * DAY)[0], "interested")
        self.lead.write({"active": False, "probability": 0})
        self.lead.date_closed = self._moment(AS_OF + 3 * DAY)
        self.assertEqual(self._stage_of(AS_OF + 2 * DAY)[0], "interested")
        self.lead.date_closed = self._moment(AS_OF + DAY)
        self.assertEqual(self._stage_of(AS_OF + 2 * DAY)[0], "prospect")

    def test_a_note_or_a_customer_answers_nothing(self):
        self._answer(5, is_internal=True)
        self._answer(4).subtype_id = self.env.ref("mail.mt_note")
        self._answer(3).author_id = self.asks
        self.assertEqual(self._stage_of()[0], "prospect")

    def test_old_enquiries_count_no_more(self):
        self._answer()
        self.assertEqual(self._stage_of(AS_OF + 340 * DAY)[0], "interested")
        self.assertEqual(self._stage_of(AS_OF + 360 * DAY)[0], "prospect")

    def test_off(self):
        self._answer()
        rules = self._policy(
            self.company, prospect_scope="contact", interested_by_enquiry=False
        )
        self._recompute(policy=rules)
        profile = self._profile(self.asks)
        self.assertEqual(profile.lifecycle_stage_id.code, "prospect")


@tagged("post_install", "-at_install")
class TestHeardRefresh(RefreshCase):
    """Hourly runs look at whom something was heard of, and no others."""

    policy_values = {}
    limits = {"vip": 10_000, "high": 5_000, "medium": 1_000, "low": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.customers[0]

    @classmethod
    def _age(cls):
        result = super()._age()
        for table in ("customer_complaint", "customer_feedback", "mail_message"):
            cls.env.cr.execute(
                f"UPDATE {table} SET write_date = '2000-01-01',"
                " create_date = '2000-01-01'"
            )
        cls.env.invalidate_all()
        return result

    def _complain(self, day=None, customer=None):
        return self.env["customer.complaint"].create(
            {
                "name": "Broken",
                "partner_id": (customer or self.customer).id,
                "company_id": self.company.id,
                "open_date": self._moment(day or self.today),
            }
        )

    def _risk(self):
        profile = self._profile(self.customer)
        profile.invalidate_recordset()
        return profile.churn_risk

    def _looked_at(self):
        run = self._refresh()
        self.assertEqual(run.scope, "changed")
        return run.looked_at_count

    def test_nobody(self):
        self.assertEqual(self._looked_at(), 0)

    def test_complaints(self):
        complaints = self._complain() | self._complain()
        self.assertEqual(self._looked_at(), 1)
        self.assertEqual(self._risk(), "medium")
        self.assertEqual(self._looked_at(), 0)
        self.assertEqual(self._contents(), self._full_contents())
        complaints[0].unlink()
        self.assertEqual(self._looked_at(), 1)
        self.assertEqual(self._risk(), "low")

    def test_complaint_of_another_customer(self):
        complaints = self._complain() | self._complain()
        self._refresh()
        complaints.partner_id = self.customers[1]
        self.assertEqual(self._looked_at(), 2)
        self.assertEqual(self._risk(), "low")

    def test_feedback(self):
        feedback = self.env["customer.feedback"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date": self.today,
                    "original_score": 1,
                }
            ]
            * 2
        )
        self.assertEqual(self._looked_at(), 1)
        self.assertEqual(self._risk(), "medium")
        feedback[0].original_score = 5
        self.assertEqual(self._looked_at(), 1)
        self.assertEqual(self._risk(), "low")
        feedback.unlink()
        self.assertEqual(self._looked_at(), 1)

    def test_messages(self):
        ours = self._user("refresh-ours", "base.group_user").partner_id
        mail = self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": self.customer.id,
                "message_type": "email",
                "author_id": self.customer.id,
                "date": self._moment(self.today),
            }
        )
        self.assertEqual(self._looked_at(), 1)
        sent = mail.copy({"author_id": ours.id, "message_type": "comment"})
        self.assertEqual(self._looked_at(), 0)
        sent = mail.copy({"author_id": ours.id, "message_type": "comment"})
        self.env["mail.notification"].create(
            {
                "mail_message_id": sent.id,
                "res_partner_id": self.customers[2].id,
                "notification_type": "email",
            }
        )
        self.assertEqual(self._looked_at(), 1)

    def test_rules_that_ask_for_nothing_look_at_nobody(self):
        quiet = self._policy(self.company, **OFF)
        self.policy = quiet
        self._recompute(policy=quiet)
        self._age()
        self._complain()
        self.assertEqual(self._looked_at(), 0)

    def test_late_feedback_corrects_the_past(self):
        for days in (10, 20):
            self.today = AS_OF + days * DAY
            self._recompute(self.today)
            self._age()
        self._complain(AS_OF + 5 * DAY)
        self._complain(AS_OF + 5 * DAY)
        self._refresh()
        changes = self.env["classification.change"].search(
            [("partner_id", "=", self.customer.id), ("axis", "=", "churn_risk")],
            order="id",
        )
        corrected = changes.filtered("is_correction")
        self.assertEqual(corrected.mapped("valid_date")[:1], [AS_OF + 5 * DAY])
