from datetime import timedelta

from odoo import api, models

# So many contacts have their birthday today, the others so many days apart.
BORN_TODAY, DAYS_APART = 5, 29
SWITCHED_ON = ("care_birthday", "care_visit")
# Personas of who recommends, and of who was recommended.
RECOMMENDING, RECOMMENDED = ("vip", "loyal"), ("new", "growing")


class ClassificationDemo(models.AbstractModel):
    """Birthdays, occasions and recommendations of the demo customers."""

    _name = "classification.demo"
    _inherit = ["classification.demo"]

    @api.model
    def _create_care(self, world):
        self._give_birthdays(world)
        self._recommend(world)
        for name in SWITCHED_ON:
            occasion = self.env.ref(f"customer_classification.{name}")
            occasion.write({"responsible_id": world.salespeople[0].id, "state": "on"})

    def _give_birthdays(self, world):
        """Give the first contact of each customer a birthday, without the year."""
        number = 0
        for __, partner in world.customers:
            contact = partner.child_ids.filtered(lambda one: not one.is_company)[:1]
            if contact and not contact.birthdate_date:
                days = max(0, number - BORN_TODAY + 1) * DAYS_APART % 365
                day = world.today + timedelta(days)
                contact.customer_birthday = f"{day:%m-%d}"
                number += 1

    def _recommend(self, world):
        """Let loyal customers have brought the newer ones of their company."""
        known = [
            (customer, partner)
            for customer, partner in world.of_personas(*RECOMMENDING)
            if not customer.archived
        ]
        for number, (customer, partner) in enumerate(world.of_personas(*RECOMMENDED)):
            if number % 3 == 0:
                own = [
                    one
                    for other, one in known
                    if other.company == customer.company
                    and one.company_id == partner.company_id
                ]
                if own:
                    referrer = own[number % max(1, len(own) // 3)]
                    partner.customer_referrer_id = referrer.child_ids[:1] or referrer
