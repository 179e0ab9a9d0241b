"""Builders for tests of campaigns: campaigns and touches in one line."""

from datetime import date

from ..common import AS_OF, ClassificationCase


class CampaignCase(ClassificationCase):
    """The company of the tests, in which no campaign of others is judged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Other records in the database belong to another company.
        others = cls.env["utm.campaign"].with_context(active_test=False).search([])
        others.company_id = cls.env.ref("base.main_company")

    @classmethod
    def _campaign(cls, title="Campaign", start=date(2025, 5, 1), **values):
        return cls.env["utm.campaign"].create(
            {
                "title": title,
                "company_id": cls.company.id,
                "campaign_start_date": start,
                "campaign_end_date": date(2025, 5, 31),
                **values,
            }
        )

    @classmethod
    def _participant(cls, campaign, partner, **values):
        return cls.env["campaign.participant"].create(
            {"campaign_id": campaign.id, "partner_id": partner.id, **values}
        )

    @classmethod
    def _cost(cls, campaign, day, amount, **values):
        return cls.env["campaign.cost"].create(
            {
                "campaign_id": campaign.id,
                "date": day,
                "name": "Cost",
                "amount": amount,
                "currency_id": cls.company.currency_id.id,
                **values,
            }
        )

    @classmethod
    def _judge(cls, as_of_date=AS_OF, policy=None):
        policy = policy or cls.company._get_customer_policy()
        run = policy.recompute_campaigns(as_of_date=as_of_date)
        if run.state != "done":
            raise AssertionError(f"The run is {run.state}: {run.error}")
        return run

    @classmethod
    def _result(cls, campaign, company=None):
        return (
            cls.env["campaign.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("campaign_id", "=", campaign.id),
                    ("company_id", "=", (company or cls.company).id),
                ]
            )
        )

    @classmethod
    def _part(cls, campaign, partner):
        return cls.env["campaign.participant"].search(
            [("campaign_id", "=", campaign.id), ("partner_id", "=", partner.id)]
        )
