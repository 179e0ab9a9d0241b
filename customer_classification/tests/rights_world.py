"""A company with a row of each model of the addon and people of each role."""

from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user
from odoo.tools import SQL

from .common import AS_OF, ClassificationCase

USER = "customer_classification.group_user"
OFFICER = "customer_classification.group_officer"
MANAGER = "customer_classification.group_manager"
ALL_SALES = "sales_team.group_sale_salesman_all_leads"
EXPORT = "base.group_allow_export"

# {role: groups}, from the least to the most; the last one works in another company.
ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "internal": f"base.group_user,{EXPORT}",
    "user": f"sales_team.group_sale_salesman,{EXPORT}",
    "officer": f"sales_team.group_sale_salesman,{OFFICER},{EXPORT}",
    "officer_amounts": f"{ALL_SALES},{OFFICER},{EXPORT}",
    "manager": f"sales_team.group_sale_manager,{EXPORT}",
    "manager_elsewhere": f"sales_team.group_sale_manager,{EXPORT}",
}


class RightsWorld(ClassificationCase):
    """Customers, products, campaigns, tags and codes with all that runs find."""

    policy_values = {"product_min_months": 3, "product_new_days": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls._company("Elsewhere Ltd")
        cls._make_customers()
        cls._make_campaign()
        cls._make_tags()
        cls._make_runs()
        cls._make_codes()
        cls._make_decisions()
        cls._make_playbook()
        cls._make_care()
        cls.users = {role: cls._person(role) for role in ROLES}
        cls._make_outlook()
        cls._make_complaint()
        cls._make_schedule()
        cls.env.flush_all()
        cls.env.invalidate_all()

    @classmethod
    def _person(cls, role):
        company = cls.elsewhere if role == "manager_elsewhere" else cls.company
        return new_test_user(
            cls.env,
            f"rights_{role}",
            groups=ROLES[role],
            company_id=company.id,
            company_ids=[fields.Command.set(company.ids)],
        )

    @classmethod
    def _make_customers(cls):
        cls.vip = cls._regular("Very Important", 1_000, is_company=True)
        cls.small = cls._regular("Small", 10)
        for number in range(6):
            day = AS_OF - timedelta(days=31 * number)
            cls._order(cls.vip, day, 100 + number)
            cls._order(cls.small, day, 10)
        cls._purchase(
            cls._customer("Set Aside"), AS_OF, 5, currency_id=cls.env.ref("base.XAF").id
        )
        addon = cls.env["product.product"].create({"name": "Beside", "list_price": 5})
        cls.association = cls.env["product.association"].create(
            {
                "product_tmpl_id": cls.product.product_tmpl_id.id,
                "other_tmpl_id": addon.product_tmpl_id.id,
            }
        )

    @classmethod
    def _make_campaign(cls):
        cls.campaign = cls.env["utm.campaign"].create(
            {
                "title": "Campaign of the rights",
                "company_id": cls.company.id,
                "campaign_start_date": AS_OF - timedelta(days=40),
                "campaign_end_date": AS_OF - timedelta(days=10),
                "campaign_goal": "sales",
                "campaign_target_revenue": 1,
            }
        )
        cls.env["campaign.participant"].create(
            {"campaign_id": cls.campaign.id, "partner_id": cls.vip.id}
        )
        cls.env["campaign.cost"].create(
            {
                "campaign_id": cls.campaign.id,
                "date": AS_OF - timedelta(days=30),
                "name": "Print",
                "amount": 50,
                "currency_id": cls.company.currency_id.id,
            }
        )

    @classmethod
    def _make_tags(cls):
        tags = cls.env["res.partner.category"].create(
            [{"name": "Rights A"}, {"name": "Rights B"}, {"name": "Rights C"}]
        )
        cls.tags = tags
        cls.rule = cls.env["classification.tag.rule"].create(
            {
                "partner_tag_id": tags[0].id,
                "domain": repr([("name", "=", "Small")]),
                "company_id": cls.company.id,
            }
        )
        cls.vip.category_id = tags[1:]
        merge = cls.env["classification.tag.merge"].browse(
            tags[1:].action_merge_tags()["res_id"]
        )
        merge.action_merge()

    @classmethod
    def _make_codes(cls):
        cls.env["customer.code.scheme"].create(
            {
                "name": "Codes of the rights",
                "company_id": cls.company.id,
                "segment_ids": [fields.Command.create({"kind": "number"})],
            }
        )
        cls.env["customer.code.assignment"]._assign(cls.company)

    @classmethod
    def _make_runs(cls):
        cls._recompute(as_of_date=AS_OF - timedelta(days=200))
        cls.policy.recompute(as_of_date=AS_OF - timedelta(days=100), kind="back_test")
        cls.policy.recompute_products(as_of_date=AS_OF - timedelta(days=31))
        cls.policy.recompute_campaigns(as_of_date=AS_OF, kind="preview")
        cls.policy.recompute_campaigns(as_of_date=AS_OF)
        cls._recompute()
        cls.policy.recompute(kind="preview")
        later = AS_OF + timedelta(days=400)
        cls.policy.recompute_products(as_of_date=later, kind="preview")
        cls.policy.recompute_products(as_of_date=AS_OF)
        cls.env["classification.tag.rule"]._cron_run()

    @classmethod
    def _make_playbook(cls):
        """A running playbook with a case, a step handed out, and a result."""
        playbook = cls.playbook = cls.env["customer.playbook"].create(
            {
                "name": "Playbook of the rights",
                "company_id": cls.company.id,
                "tier_ids": cls._tier("medium").ids,
                "stops_on_leaving": False,
                "control_share": 0,
                "step_ids": [fields.Command.create({"name": "Call", "cost": 1})],
            }
        )
        today = fields.Date.today()
        playbook.write({"state": "running", "since_date": today})
        playbook._open_cases(SQL("SELECT %s, %s::date - 200", cls.vip.id, today))
        case = cls.env["customer.playbook.case"].search(
            [("playbook_id", "=", playbook.id)]
        )
        case.write({"open_date": today - timedelta(days=200)})
        case.write({"measured_date": today, "revenue": 5})
        for __ in case.task_ids._work_on(cls.company, playbook, today):
            cls.env.flush_all()
        cls.env["customer.playbook.result"]._measure(playbook)

    @classmethod
    def _make_care(cls):
        """An occasion of visits that is on, with what was made of it."""
        occasion = cls.env["customer.care.occasion"].create(
            {
                "name": "Visits of the rights",
                "kind": "visit",
                "company_id": cls.company.id,
                "rhythm_ids": [fields.Command.create({"days": 30})],
            }
        )
        cls.env["customer.care"].create(
            {
                "occasion_id": occasion.id,
                "company_id": cls.company.id,
                "partner_id": cls.vip.id,
                "date": fields.Date.today(),
            }
        )

    @classmethod
    def _make_outlook(cls):
        """A given probability, why a customer was lost, and an answer of today.

        And a customer who bought for the first time today.
        """
        today = fields.Date.today()
        recent = cls._customer("Recent")
        cls._purchase(recent, today, 5)
        cls.policy.recompute(as_of_date=today, partner_ids=recent.ids)
        own = {"partner_id": cls.small.id, "company_id": cls.company.id}
        user = {"user_id": cls.users["user"].id}
        cls.env["classification.prediction"].create(
            {**own, "name": "Own", "date": today, "horizon_days": 90, "score": 0.5}
        )
        reason = cls.env.ref("customer_classification.customer_lost_reason_price")
        cls.env["customer.loss"].create(
            {**own, **user, "lost_date": today, "reason_id": reason.id}
        )
        cls.env.flush_all()
        cls.env["customer.data.gap.count"]._cron_count()
        cls.env["customer.today.answer"].create(
            {
                **{**own, **user, "kind": "overdue", "answer": "done"},
                "hidden_until": today,
            }
        )

    @classmethod
    def _make_complaint(cls):
        """A complaint, what the customer said of it, and who was asked."""
        own = {"partner_id": cls.vip.id, "company_id": cls.company.id}
        user = {"user_id": cls.users["user"].id}
        order = cls.env["sale.order"].search([("partner_id", "=", cls.vip.id)], limit=1)
        complaint = cls.env["customer.complaint"].create(
            {**own, **user, "name": "Broken", "order_id": order.id}
        )
        about = {**own, **user, "complaint_id": complaint.id}
        cls.env["customer.feedback"].create({**about, "original_score": 2})
        cls.env["customer.complaint.deadline"].create({"company_id": cls.company.id})
        cls.vip.email = "vip@rights.example"
        cls.env["customer.feedback.request"].create(about)

    @classmethod
    def _make_schedule(cls):
        """A report that was mailed."""
        schedule = cls.env["customer.report.schedule"].create(
            {"company_id": cls.company.id, "user_ids": cls.users["user"].ids}
        )
        sendings = cls.env["customer.report.sending"]
        sendings._claim(schedule, cls.users["user"], AS_OF)

    @classmethod
    def _make_decisions(cls):
        cls.env["classification.override"].create(
            {
                "partner_id": cls.small.id,
                "company_id": cls.company.id,
                "axis": "value_tier",
                "tier_id": cls._tier("high").id,
                "reason": "Known better",
            }
        )
        cls.env["product.class.override"].create(
            {
                "product_tmpl_id": cls.product.product_tmpl_id.id,
                "company_id": cls.company.id,
                "axis": "abc",
                "abc_class": "a",
                "reason": "Known better",
            }
        )
