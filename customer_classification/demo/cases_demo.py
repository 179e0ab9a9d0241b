from datetime import timedelta

from odoo import api, models

# The two cases of the articles: {template: (name behind the main company's, how many
# customers, days between the purchases of the best and of the last, their amounts)}
CASES = {
    "shop": ("Shop", 40, (15, 90), (400, 20)),
    "travel": ("Travel", 30, (180, 420), (9_000, 600)),
}
FIRST_NAMES = ("Anna", "Ben", "Chen", "Dana", "Emil", "Fang", "Gita", "Hugo")
LAST_NAMES = ("Berg", "Costa", "Dubois", "Evans", "Fischer")


class ClassificationDemoCasesMixin(models.AbstractModel):
    """Small companies of their own by the templates of the first steps."""

    _name = "classification.demo.cases.mixin"
    _description = "Demo Companies by Templates"

    @api.model
    def _create_cases(self, world):
        """Make a company for each case, with customers and imported purchases."""
        for template, case in CASES.items():
            company = self.env["res.company"].create(
                {
                    "name": f"{world.companies[0].name} {case[0]}",
                    "currency_id": world.companies[0].currency_id.id,
                    "country_id": world.companies[0].country_id.id,
                }
            )
            self._publish_template(company, template)
            self._create_case_purchases(world, company, *case[1:])
            company.customer_first_steps = False

    def _publish_template(self, company, template):
        """Choose and publish a template for a company, as its manager does."""
        case = self.with_context(allowed_company_ids=company.ids)
        pages = case.env["classification.first.steps"]
        page = pages.create({"company_id": company.id, "template": template})
        page.action_choose()
        # Contacts of the other companies are no prospects of this one.
        page.policy_id.prospect_scope = "engaged"
        page.policy_id._publish()

    def _create_case_purchases(self, world, company, number, gaps, amounts):
        """Make customers from the best to the last, and their purchases."""
        names = [f"{first} {last}" for last in LAST_NAMES for first in FIRST_NAMES]
        customers = self.env["res.partner"].create(
            [{"name": name, "company_id": company.id} for name in names[:number]]
        )
        self.env["customer.purchase"].create(
            [
                values
                for place, customer in enumerate(customers)
                for values in self._case_purchases(
                    world, company, customer, place / number, gaps, amounts
                )
            ]
        )

    def _case_purchases(self, world, company, customer, rank, gaps, amounts):
        """Return the purchases of a customer.

        :param rank: 0 for the best to 1 for the last
        """
        gap = gaps[0] + (gaps[1] - gaps[0]) * rank
        amount = amounts[0] * (amounts[1] / amounts[0]) ** rank
        since = int(world.rng.expovariate(1 / gap))
        number = max(1, round((730 - since) / gap * (1 - rank / 2)))
        return [
            {
                "partner_id": customer.id,
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "date": world.today - timedelta(days=since + round(gap * turn)),
                "amount": round(amount * world.rng.uniform(0.7, 1.3), 2),
                "channel": "demo",
            }
            for turn in range(number)
            if since + gap * turn < 730
        ]
