from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from ..common import AS_OF, ClassificationCase

CAMPAIGN = "customer_classification.report_campaign"
TAG = "customer_classification.report_tag"
SCHEDULE = (
    "odoo.addons.customer_classification.models.handover.customer_report_schedule"
)


class SheetCase(ClassificationCase):
    """A campaign and a tag with members of two tiers, and readers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        categories = cls.env["res.partner.category"]
        cls.tag, cls.other = categories.create([{"name": "Fair"}, {"name": "Club"}])
        cls.below = categories.create({"name": "Hall 3", "parent_id": cls.tag.id})
        cls.high = cls._regular("High", 500, category_id=(cls.tag | cls.other).ids)
        cls.vip = cls._regular("Vip", 1_000, category_id=cls.below.ids)
        cls.outside = cls._regular("Outside", 300, category_id=cls.other.ids)
        cls.contact = cls._customer(
            "Contact of High", parent_id=cls.high.id, category_id=cls.tag.ids
        )
        cls.objector = cls._regular("Olga", 700, category_id=cls.tag.ids)
        cls.campaign = cls.env["utm.campaign"].create(
            {
                "title": "Autumn",
                "company_id": cls.company.id,
                "campaign_start_date": AS_OF - timedelta(days=60),
                "campaign_end_date": AS_OF - timedelta(days=31),
                "campaign_goal": "sales",
            }
        )
        cls.env["campaign.participant"].create(
            [
                {
                    "campaign_id": cls.campaign.id,
                    "partner_id": one.id,
                    "addressed_date": AS_OF - timedelta(days=40),
                }
                for one in (cls.high, cls.vip, cls._customer("Never bought"))
            ]
        )
        cls._recompute()
        cls.policy.recompute_campaigns(AS_OF)
        cls.objector.customer_objects_profiling = True
        insight = "customer_classification.group_user"
        cls.head = cls._user(
            "sheet-head", f"sales_team.group_sale_salesman_all_leads,{insight}"
        )
        cls.seller = cls._user(
            "sheet-seller", f"sales_team.group_sale_salesman,{insight}"
        )

    def _sheet(self, report, records, user=None):
        model = self.env[f"report.{report}"].with_user(user or self.head)
        [sheet] = model._sheets(records.with_env(model.env))
        return sheet

    def _rows(self, sheet, place):
        return {row[0]: row[1:] for row in sheet["tables"][place]["rows"]}

    def _html(self, report, records, user):
        context = {"allowed_company_ids": self.company.ids}
        reports = self.env["ir.actions.report"].with_user(user)
        html, __ = reports.with_context(**context)._render_qweb_html(
            report, records.ids
        )
        return " ".join(html.decode().split())


@tagged("post_install", "-at_install")
class TestReportSheets(SheetCase):
    """Campaign report and tag report."""

    # Campaign

    def test_campaign_figures(self):
        sheet = self._sheet(CAMPAIGN, self.campaign)
        profile = self.env["campaign.profile"].search(
            [("campaign_id", "=", self.campaign.id)]
        )
        figures = self._rows(sheet, 0)
        self.assertEqual(figures["Participants"][0], "3")
        self.assertEqual(figures["Cost"][0], "not known")
        self.assertIn(f"{profile.revenue:,.2f}", figures["Revenue"][0])
        self.assertGreater(profile.revenue, 0)
        self.assertEqual(
            figures["Participants"][1], profile._fields["participant_count"].help
        )
        text = " ".join(sheet["lines"])
        self.assertIn("Sales", text)
        self.assertIn(profile.policy_id.display_name, text)
        self.assertIn(f"/campaign.profile/{profile.id}", sheet["url"])

    def test_campaign_by_tier_adds_up(self):
        """Participants, buyers and revenue by tier are those of the campaign."""
        profile = self.env["campaign.profile"].search(
            [("campaign_id", "=", self.campaign.id)]
        )
        report = self.env[f"report.{CAMPAIGN}"].with_user(self.head)
        for name in ("value_tier_id", "lifecycle_stage_id"):
            parts = report._breakdown(profile, name)
            numbers = parts[self.campaign, self.company].values()
            total = [sum(column) for column in zip(*numbers, strict=True)]
            self.assertEqual(total[:2], [3, profile.customer_count])
            self.assertAlmostEqual(total[2], profile.revenue, 2)

    def test_campaign_without_amounts(self):
        html = self._html(CAMPAIGN, self.campaign, self.seller)
        self.assertIn("Participants", html)
        self.assertNotIn("€", html)
        self.assertNotIn("Revenue", html)
        self.assertIn("€", self._html(CAMPAIGN, self.campaign, self.head))

    def test_campaign_of_no_run(self):
        fresh = self.env["utm.campaign"].create({"title": "Fresh"})
        html = self._html(CAMPAIGN, fresh, self.head)
        self.assertIn("No run has looked at this campaign yet", html)

    def test_many_campaigns_take_as_many_queries(self):
        more = self.campaign.copy({"title": "More"}) | self.campaign.copy(
            {"title": "Still more"}
        )
        self.policy.recompute_campaigns(AS_OF)
        counts = []
        for campaigns in (self.campaign, self.campaign | more):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env[f"report.{CAMPAIGN}"].with_user(self.head)._sheets(campaigns)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    # Tag

    def test_tag_members(self):
        """Contacts below the tag count, customers once, objectors not."""
        sheet = self._sheet(TAG, self.tag)
        tiers = self._rows(sheet, 0)
        self.assertEqual(tiers["VIP"][:2], ["1", "50.0 %"])
        self.assertEqual(tiers["High"][:2], ["1", "50.0 %"])
        self.assertEqual(tiers["All"][:3], ["2", "100.0 %", "24"])
        self.assertIn("18,000.00", tiers["All"][3])
        self.assertIn("3 contacts of 2 customers", sheet["lines"][0])
        self.assertNotIn("Olga", str(sheet))

    def test_tag_overlap(self):
        [name], [numbers] = zip(
            *self._rows(self._sheet(TAG, self.tag), 3).items(), strict=True
        )
        self.assertEqual(name, "Club")
        self.assertEqual(numbers, ["1", "33.3 %"])

    def test_tag_movement(self):
        self.high.category_id -= self.tag
        self.outside.category_id |= self.tag
        self.env.flush_all()
        rows = self._sheet(TAG, self.tag)["tables"][2]["rows"]
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows[-1][2], "1")
        given = int(rows[-1][1])
        self.assertEqual(rows[-1][3], f"+{given - 1}")

    def test_tag_without_amounts(self):
        html = self._html(TAG, self.tag, self.seller)
        self.assertIn("Members: Value Tier", html)
        self.assertNotIn("€", html)

    def test_empty_tag(self):
        empty = self.env["res.partner.category"].create({"name": "Empty"})
        html = self._html(TAG, empty, self.head)
        self.assertIn("None of them has another tag", html)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_may_print(self):
        portal = self._user("sheet-portal", "base.group_portal")
        clerk = self._user("sheet-clerk", "base.group_user")
        for user in (portal, clerk):
            for report, records in ((CAMPAIGN, self.campaign), (TAG, self.tag)):
                with self.assertRaises(AccessError):
                    self._html(report, records, user)


@tagged("post_install", "-at_install")
class TestReportSchedule(SheetCase):
    """Reports that are mailed every week or month."""

    # 2025-07-07 is a Monday.
    MONDAY = fields.Date.to_date("2025-07-07")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.email = "us@example.com"
        cls.head.email, cls.seller.email = "head@example.com", "seller@example.com"

    def _schedule(self, **values):
        return self.env["customer.report.schedule"].create(
            {
                "company_id": self.company.id,
                "start_date": AS_OF,
                "user_ids": [Command.set((self.head | self.seller).ids)],
                **values,
            }
        )

    def _send(self, schedule, day=MONDAY):
        """Return the mails by receiver."""
        mails = self.env["mail.mail"]
        known = mails.search([])
        history = type(self.env["classification.history"])
        with patch.object(history, "_today", lambda __: day):
            schedule._send()
        found = mails.search([]) - known
        return {mail.recipient_ids: mail for mail in found}

    def test_with_the_rights_of_each(self):
        mails = self._send(self._schedule())
        self.assertEqual(len(mails), 2)
        rich = mails[self.head.partner_id].body_html
        poor = mails[self.seller.partner_id].body_html
        self.assertIn("€", rich)
        self.assertIn("Revenue bridge", rich)
        self.assertIn("VIP", poor)
        for word in ("€", "Revenue", "18,000"):
            self.assertNotIn(word, poor)
        self.assertIn("06/30/2025", mails[self.head.partner_id].subject)
        self.assertIn("07/06/2025", mails[self.head.partner_id].subject)

    def _with_pdf(self, state="ok", **made):
        """Have wkhtmltopdf be in a state, and make what a test wants."""
        reports = type(self.env["ir.actions.report"])
        self.startPatcher(
            patch.object(reports, "get_wkhtmltopdf_state", lambda __: state)
        )
        return self.startPatcher(patch.object(reports, "_run_wkhtmltopdf", **made))

    def test_pdf_beside_the_page(self):
        """Each receiver's own page, also with a single worker."""
        for state in ("ok", "upgrade", "workers"):
            with self.subTest(state):
                made = self._with_pdf(state, return_value=b"%PDF-1.4 sheets")
                mails = self._send(self._schedule())
                files = mails[self.head.partner_id].attachment_ids
                self.assertEqual(files.raw, b"%PDF-1.4 sheets")
                self.assertEqual(files.mimetype, "application/pdf")
                self.assertIn("06-30-2025", files.name)
                self.assertNotIn("/", files.name)
                pages = [
                    html2plaintext(call.args[0][0]).split()
                    for call in made.call_args_list
                ]
                for mail in mails.values():
                    text = html2plaintext(mail.body_html).split()
                    self.assertIn(text, pages)

    def test_pdf_goes_with_the_mail(self):
        self._with_pdf(return_value=b"%PDF-1.4 sheets")
        mails = self._send(self._schedule())
        files = self.env["ir.attachment"].union(
            *(mail.attachment_ids for mail in mails.values())
        )
        self.assertEqual(len(files), 2)
        for mail in mails.values():
            mail.unlink()
        self.assertFalse(files.exists())

    def test_page_without_pdf(self):
        """Without wkhtmltopdf, and where it fails, the mail goes out all the same."""
        for state, made in (
            ("install", {"return_value": b"%PDF"}),
            ("broken", {"return_value": b"%PDF"}),
            ("ok", {"side_effect": UserError("It failed")}),
            ("ok", {"side_effect": OSError("It is gone")}),
        ):
            with self.subTest(state), mute_logger(SCHEDULE):
                self._with_pdf(state, **made)
                schedule = self._schedule()
                mails = self._send(schedule)
                self.assertEqual(len(mails), 2)
                for mail in mails.values():
                    self.assertFalse(mail.attachment_ids)
                    self.assertIn("</table>", mail.body_html)
                self.assertFalse(schedule.problem_text)

    def test_never_twice(self):
        schedule = self._schedule()
        self.assertEqual(len(self._send(schedule)), 2)
        self.assertFalse(self._send(schedule))
        self.assertFalse(self._send(schedule, self.MONDAY + timedelta(days=6)))
        self.assertEqual(len(self._send(schedule, self.MONDAY + timedelta(days=7))), 2)

    def test_months(self):
        schedule = self._schedule(interval="month", user_ids=self.head.ids)
        [mail] = self._send(schedule).values()
        self.assertIn("06/01/2025 to 06/30/2025", mail.subject)
        self.assertFalse(self._send(schedule, fields.Date.to_date("2025-07-31")))
        [mail] = self._send(schedule, fields.Date.to_date("2025-08-01")).values()
        self.assertIn("07/01/2025 to 07/31/2025", mail.subject)

    def test_nothing_of_before(self):
        schedule = self._schedule(start_date=self.MONDAY)
        self.assertFalse(self._send(schedule))
        self.assertFalse(schedule.sending_ids)

    def test_failure_is_a_sentence_and_stops_nobody(self):
        clerk = self._user("sheet-clerk", "base.group_user")
        silent = self._user("sheet-silent", "customer_classification.group_user")
        silent.email = False
        schedule = self._schedule(user_ids=(clerk | silent | self.head).ids)
        mails = self._send(schedule)
        self.assertEqual(list(mails), [self.head.partner_id])
        self.assertIn("This user may not see the report", schedule.problem_text)
        self.assertIn("no e-mail address", schedule.problem_text)
        silent.email = "now@example.com"
        self.assertEqual(list(self._send(schedule)), [silent.partner_id])
        self.assertNotIn("no e-mail address", schedule.problem_text)

    def _run_action(self, day=MONDAY):
        history = type(self.env["classification.history"])
        crons = type(self.env["ir.cron"])
        with (
            patch.object(history, "_today", lambda __: day),
            patch.object(crons, "_commit_progress", lambda *__, **more: 1),
            mute_logger("odoo.addons.customer_classification.models.handover"),
        ):
            self.env["customer.report.schedule"]._cron_send()
        self.env.flush_all()

    def _to_fix(self, schedule):
        return self.env["classification.to.fix"].search(
            [("kind", "=", "report"), ("res_id", "=", schedule.id)]
        )

    def _told(self, schedule):
        return self.env["mail.message"].search(
            [
                ("model", "=", "customer.report.schedule"),
                ("res_id", "=", schedule.id),
                ("message_type", "=", "user_notification"),
            ]
        )

    def _by(self, user, **values):
        schedule = self._schedule(**values)
        self.env.cr.execute(
            "UPDATE customer_report_schedule SET create_uid = %s WHERE id = %s",
            [user.id, schedule.id],
        )
        schedule.invalidate_recordset()
        return schedule

    def test_a_report_that_fails_is_to_fix_and_told_once(self):
        """Receivers without rights: of others, the report goes out."""
        clerk = self._user("sheet-no-rights", "base.group_user")
        bad = self._by(self.head, user_ids=(clerk | self.head).ids)
        good = self._schedule(user_ids=self.head.ids)
        for days in range(3):
            self._run_action(self.MONDAY + timedelta(days=days))
            row = self._to_fix(bad)
            self.assertEqual(row.company_id, self.company)
            self.assertEqual(row.user_id, self.head)
            self.assertEqual(
                row.reason,
                f"{clerk.display_name} got no report: This user may not see the "
                "report.",
            )
            self.assertEqual(row.action_open()["res_id"], bad.id)
            self.assertEqual(len(self._told(bad)), 1)
            self.assertEqual(self._told(bad).partner_ids, self.head.partner_id)
        self.assertFalse(self._to_fix(good))
        self.assertEqual(good.sending_ids.mapped("state"), ["sent"])
        self.assertEqual(
            bad.sending_ids.grouped("user_id")[self.head].mapped("state"), ["sent"]
        )
        clerk.write({"group_ids": [Command.link(self._insight().id)]})
        clerk.email = "clerk@example.com"
        self._run_action(self.MONDAY + timedelta(days=3))
        self.assertFalse(self._to_fix(bad))
        self.assertFalse(bad.problem_text)
        clerk.active = False
        bad.user_ids = clerk
        self._run_action(self.MONDAY + timedelta(days=7))
        self.assertEqual(len(self._told(bad)), 2, "another reason, later")

    def _insight(self):
        return self.env.ref("customer_classification.group_user")

    def test_several_receivers_without_rights(self):
        clerks = self._user("sheet-one", "base.group_user")
        clerks |= self._user("sheet-two", "base.group_user")
        schedule = self._by(self.head, user_ids=clerks.ids)
        self._run_action()
        self.assertIn("2 receivers got no report", self._to_fix(schedule).reason)

    def test_nobody_is_left(self):
        """The receiver was deleted, or archived."""
        clerk = self._user("sheet-gone", "customer_classification.group_user")
        schedules = [self._by(self.head, user_ids=clerk.ids)]
        self.seller.active = False
        schedules.append(self._by(self.head, user_ids=self.seller.ids))
        clerk.unlink()
        self._run_action()
        for schedule in schedules:
            self.assertIn("choose receivers", self._to_fix(schedule).reason)
            self.assertIn("choose receivers", schedule.problem_text)
            self.assertEqual(len(self._told(schedule)), 1)

    def test_a_broken_template(self):
        """Its mails fail in a sentence, without the traceback, and nothing else."""
        self.env.ref(
            "customer_classification.report_sheets_mail"
        ).arch_db = "<t t-name='x'><t t-out='1 / 0'/></t>"
        schedule = self._by(self.head, user_ids=self.head.ids)
        self._run_action()
        reason = self._to_fix(schedule).reason
        self.assertIn("got no report", reason)
        self.assertNotIn("Traceback", reason)
        self.assertNotIn("/odoo/", reason)

    def test_tags_of_a_report_are_kept(self):
        """Without its last tag a report would be about nothing."""
        self._by(self.head, report="tag", tag_ids=self.tag.ids, user_ids=self.head.ids)
        with self.assertRaisesRegex(UserError, "is used by Scheduled Report"):
            self.tag.unlink()

    def test_campaigns_of_a_report_are_not_all_deleted(self):
        """Without its last campaign a report would be about everybody's."""
        other = self.campaign.copy({"title": "Autumn"})
        chosen = self.campaign | other
        schedule = self._by(
            self.head,
            report="campaign",
            campaign_ids=chosen.ids,
            user_ids=self.head.ids,
        )
        with self.assertRaisesRegex(UserError, "is about .*Autumn.* alone"):
            chosen.unlink()
        other.unlink()
        with self.assertRaisesRegex(UserError, f"about {self.campaign.title} alone"):
            self.campaign.unlink()
        schedule.unlink()
        self.campaign.unlink()

    def test_a_schedule_that_fails_as_a_whole_stops_no_other(self):
        bad = self._by(self.head, user_ids=self.head.ids)
        good = self._schedule(user_ids=self.head.ids)
        original = type(bad)._period

        def period(schedule):
            if schedule == bad:
                raise ValueError("Unknown zone")
            return original(schedule)

        with patch.object(type(bad), "_period", period):
            self._run_action()
        self.assertIn("Unknown zone", self._to_fix(bad).reason)
        self.assertIn("Unknown zone", bad.problem_text)
        self.assertEqual(good.sending_ids.mapped("state"), ["sent"])

    def test_an_author_who_left_is_not_told(self):
        clerk = self._user("sheet-clerk-2", "base.group_user")
        schedule = self._by(self.seller, user_ids=clerk.ids)
        self.seller.active = False
        self._run_action()
        self.assertTrue(self._to_fix(schedule))
        self.assertFalse(self._told(schedule))

    def test_the_reason_is_kept_by_the_program_alone(self):
        schedule = self._schedule()
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            schedule.with_user(self._officer()).error_reason = {"code": "busy"}
        self.assertIn(type(caught.exception).__name__, ("AccessError", "UserError"))

    def _officer(self):
        return self._user("sheet-officer", "customer_classification.group_officer")

    def test_who_left(self):
        schedule = self._schedule(user_ids=self.head.ids)
        self.head.active = False
        self.assertFalse(self._send(schedule))
        self.assertFalse(schedule.user_ids.filtered("active"))

    def test_another_company(self):
        other = self._company("Elsewhere Ltd")
        stranger = self._user("sheet-stranger", "customer_classification.group_user")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        schedule = self._schedule(user_ids=stranger.ids)
        self.assertFalse(self._send(schedule))
        self.assertIn("does not work in the company", schedule.problem_text)

    def test_language_of_each(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        for tier, name in (("vip", "高价值客户"),):
            self._tier(tier).with_context(lang="zh_CN").name = name
        self.head.lang = "zh_CN"
        mails = self._send(self._schedule())
        self.assertIn("高价值客户", mails[self.head.partner_id].body_html)
        self.assertNotIn("高价值客户", mails[self.seller.partner_id].body_html)

    def test_campaigns_and_tags(self):
        campaigns = self._schedule(report="campaign", start_date="2025-01-01")
        day = self.campaign.campaign_start_date + timedelta(days=14)
        mails = self._send(campaigns, day)
        self.assertIn("Autumn", mails[self.seller.partner_id].body_html)
        tags = self._schedule(report="tag", tag_ids=self.tag.ids)
        mails = self._send(tags)
        self.assertIn("Fair", mails[self.head.partner_id].body_html)
        self.assertNotIn("€", mails[self.seller.partner_id].body_html)

    def test_no_campaign_runs(self):
        schedule = self._schedule(report="campaign", user_ids=self.head.ids)
        self.assertFalse(self._send(schedule, self.MONDAY + timedelta(days=400)))
        self.assertIn("nothing that this user may read", schedule.problem_text)

    def test_refused(self):
        portal = self._user("sheet-portal", "base.group_portal")
        for values in ({"user_ids": portal.ids}, {"report": "tag"}):
            with self.assertRaises(Exception) as caught:
                self._schedule(**values)
            self.assertEqual(type(caught.exception).__name__, "ValidationError")

    def test_nothing_is_scheduled_by_installing(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "customer.report.schedule")]
        )
        self.assertFalse(data)

    def test_scheduled_action(self):
        schedule = self._schedule(user_ids=self.head.ids, start_date="2020-01-01")
        with self.enter_registry_test_mode():
            self.env.ref(
                "customer_classification.ir_cron_report_schedule"
            ).method_direct_trigger()
        self.assertEqual(schedule.sending_ids.mapped("state"), ["sent"])
