"""Builders for the tests of care."""

from .common import AS_OF, ClassificationCase


class CareCase(ClassificationCase):
    """Occasions of a company, looked at on a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cares = cls.env["customer.care"]
        cls.manager = cls._user("care_manager", "sales_team.group_sale_manager")
        cls.seller = cls._user("care_seller", "sales_team.group_sale_salesman")
        # Those of the demo data are looked at as well.
        cls.env["customer.care.occasion"].search([("state", "=", "on")]).state = "off"

    @classmethod
    def _occasion(cls, kind="birthday", state="on", **values):
        """An occasion of the manager."""
        own = cls.env["customer.care.occasion"].create(
            {"name": kind, "kind": kind, "company_id": cls.company.id, **values}
        )
        own.write({"responsible_id": cls.manager.id, "state": state})
        return own

    @classmethod
    def _template(cls, **values):
        return cls.env["mail.template"].create(
            {
                "name": "Wishes",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "subject": "Best wishes, {{ object.name }}",
                "partner_to": "{{ object.id }}",
                "lang": "{{ object.lang }}",
                "email_from": "us@example.com",
                "body_html": "<p>All the best</p>",
                "user_id": False,
                **values,
            }
        )

    def _night(self, day=AS_OF):
        """Work as the scheduled action does, on a day."""
        with self._on(day):
            self.env["customer.care.occasion"]._care()
        self.env.invalidate_all()

    def _care_of(self, partner, occasion=None):
        domain = [("partner_id", "=", partner.id)]
        if occasion:
            domain.append(("occasion_id", "=", occasion.id))
        return self.cares.search(domain, order="id")

    def _mails(self, partner):
        return self.env["mail.mail"].search([("recipient_ids", "in", partner.ids)])
