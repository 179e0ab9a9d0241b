"""Computed fields answer searches as Odoo's own stored fields do.

The questions follow from the registry: each field of these addons that is searched and
not stored, each operator of its type, each of the values in the records or
at the edges.
"""

from datetime import timedelta

from odoo import fields

from ..models.common.classification_reason_mixin import plain_reason
from .campaign.common import CampaignCase
from .common import AS_OF
from .product.common import ProductCase

EQUALITY = ("=", "!=", "in", "not in")
SIZE = ("<", "<=", ">", ">=")
LIKE = (
    *("like", "not like", "ilike", "not ilike"),
    *("=like", "not =like", "=ilike", "not =ilike"),
)
NEGATIVE = ("!=", *(operator for operator in LIKE if operator.startswith("not")))
NUMBERS = ("integer", "float", "monetary")
TEXTS = ("char", "text", "html", "selection")
DAYS = ("date", "datetime")
# Where each field must have a value, so that there is something to be found.
SHOWN = ("res.partner", "product.template", "utm.campaign", "res.partner.category")
ANSWERS = 3  # values that are taken from the records


class SearchedFieldsCase(CampaignCase, ProductCase):
    """Every question to a searched field, in the database and in memory.

    Of the fields of the addon in which a test is written.

    :cvar shown: models each field of which must have a value
    :cvar least_questions: fewer are a mistake of the test
    """

    allow_inherited_tests_method = True
    shown = SHOWN
    least_questions = 900

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls._customers()
        cls._products()
        cls._campaigns()
        cls._recompute()
        cls._classify()
        cls._judge()
        cls._tags()
        cls._write_numbers()
        cls.env.invalidate_all()

    @classmethod
    def _customers(cls):
        """Create customers who differ in all questions, and a contact of one."""
        us, nl = cls.env.ref("base.us"), cls.env.ref("base.nl")
        cls.company.partner_id.country_id = us
        vip = cls._regular("Vip", 1_000, is_company=True, country_id=us.id)
        contact = cls._customer("Contact", parent_id=vip.id)
        small = cls._regular(
            "Small", 10, country_id=nl.id, customer_referrer_id=contact.id
        )
        born = fields.Date.today() - timedelta(days=40 * 366)
        person = cls._customer("Person", birthdate_date=born)
        baby = cls._customer("Baby", birthdate_date=fields.Date.today())
        today = fields.Date.today()
        for customer, discount in ((person, 25), (small, 0)):
            line = cls._order(customer, today, 100).order_line
            line.discount = discount
        cls._opportunity(
            small,
            source_id=cls.env["utm.source"].create({"name": "Fair"}).id,
            medium_id=cls.env.ref("utm.utm_medium_phone").id,
        )
        cls.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": contact.id,
                "message_type": "email",
                "author_id": contact.id,
            }
        )
        cls.env["customer.code"].create(
            [
                {
                    "partner_id": one.id,
                    "company_id": cls.company.id,
                    "code": code,
                }
                for one, code in ((vip, "V-1"), (small, "S-2"))
            ]
        )
        stranger = cls._customer("Stranger")
        return vip + small + contact + person + baby + stranger + cls.customer

    @classmethod
    def _products(cls):
        category = cls.env["product.category"].create({"name": "Zz Bought"})
        cls.sold = cls._product("Sold", categ_id=category.id)
        cls.unsold = cls._product("Unsold", price=0)
        for month in cls._months():
            cls._sell(cls.sold, month, 100)

    @classmethod
    def _campaigns(cls):
        bought, quiet, other = (
            cls._campaign(title, start=AS_OF - timedelta(days=200))
            for title in ("Bought", "Quiet", "Other")
        )
        bought.campaign_end_date = quiet.campaign_end_date = AS_OF
        cls._participant(bought, cls.customers[0])
        cls._cost(bought, AS_OF - timedelta(days=100), 500)
        other.company_id = False

    @classmethod
    def _tags(cls):
        tags = cls.env["res.partner.category"].create(
            [{"name": "Smart"}, {"name": "By hand"}]
        )
        cls.env["classification.tag.rule"].create(
            {"kind": "partner", "partner_tag_id": tags[0].id, "domain": "[]"}
        )
        for name in ("product.tag", "utm.tag"):
            cls.env[name].create([{"name": "Zz One"}, {"name": "Zz Two"}])

    @classmethod
    def _write_numbers(cls):
        """Write numbers that so few customers and days do not produce."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE customer_profile SET value_score = 62.5, has_prediction = TRUE,"
            " purchase_probability = 0.25, revenue_at_risk = 8 WHERE partner_id = %s",
            cls.customers[0].ids,
        )
        cls.env.cr.execute(
            """
            UPDATE campaign_profile
               SET performance_class = 'high', answered_count = 3, lead_count = 2,
                   opportunity_count = 1, new_customer_count = 1, won_back_count = 1,
                   response_rate = 12.5, feedback_score = 4.5, margin = 80, roi = -16,
                   has_roi = TRUE
             WHERE id = (SELECT min(id) FROM campaign_profile WHERE company_id = %s)
            """,
            cls.company.ids,
        )
        cls.env["utm.campaign"].search([], limit=1)._set_campaign_error(
            plain_reason("outdated")
        )

    # Questions

    def _searched(self):
        """Return ``(model, field)`` of all searched fields of the addon."""
        addon = type(self).__module__.split(".")[2]
        return [
            (self.env[name], field)
            for name in sorted(self.env.registry)
            if not self.env[name]._abstract and not self.env[name]._transient
            for field in self.env[name]._fields.values()
            if field.search
            and not field.store
            and not field.inherited  # the field of the parent is asked
            and addon in field._modules
        ]

    def _questions(self, field, values):
        """Return ``(operator, value)`` of all questions to a field."""
        if field.relational:
            return self._questions_of_records(field, values)
        if field.type == "boolean":
            singles, sized = [True, False, None], ()
        elif field.type in NUMBERS:
            singles, sized = [0, False, None, -1, 1, 2, *values], SIZE
            singles += [] if field.type == "integer" else [0.5]
        elif field.type in DAYS:
            singles, sized = [False, None, "2025-01-01", *values], SIZE
        else:
            singles, sized = [False, None, "", "x", *values], ()
        found = [(operator, one) for operator in ("=", "!=") for one in singles]
        listed = [one for one in singles if one is not None]
        lists = [[], *([one] for one in listed), listed, [False, *values]]
        found += [(operator, one) for operator in ("in", "not in") for one in lists]
        compared = [one for one in singles if one is not None and one is not False]
        found += [(operator, one) for operator in sized for one in compared]
        if field.type in NUMBERS:
            found += [(operator, 0) for operator in sized]
        if field.type in TEXTS:
            # "%" alone finds empty values in memory, but in no column of Odoo's.
            patterns = ["", "x", "_%", *values]
            patterns += [one[:2].upper() for one in values]
            patterns += [f"{one[:1]}%" for one in values]
            found += [(operator, one) for operator in LIKE for one in patterns]
        return found + [("=?", False), ("=?", singles[-1])]

    def _questions_of_records(self, field, values):
        ids = values.ids
        names = ["", "x", *(one for one in values.mapped("display_name") if one)]
        singles = [False, None, *ids, *names[1:]]
        lists = [[], [False], ids, [False, *ids], *([one] for one in ids)]
        domains = [[], [("id", "in", ids)], [("id", "not in", ids)], [("id", "=", 0)]]
        found = [(operator, one) for operator in ("=", "!=") for one in singles]
        found += [(operator, one) for operator in ("in", "not in") for one in lists]
        found += [(operator, one) for operator in ("any", "not any") for one in domains]
        found += [
            (operator, one)
            for operator in ("like", "not like", "ilike", "not ilike")
            for one in names
        ]
        above = [ids, *ids] if values._parent_store else []
        found += [
            (operator, one) for operator in ("child_of", "parent_of") for one in above
        ]
        return found + [("=?", False), ("=?", ids[:1] and ids[0])]

    def _values(self, field, records):
        """Some of the values that the records have."""
        if field.relational:
            return records.mapped(field.name)[:ANSWERS]
        known = {record[field.name] for record in records} - {False}
        return sorted(known, key=str)[:ANSWERS]

    def test_each_question_is_answered_as_in_memory(self):
        asked, silent = 0, []
        for model, field in self._searched():
            records = self._records(model)
            values = self._values(field, records)
            if model._name in self.shown and not values:
                silent.append(str(field))
            for operator, value in self._questions(field, values):
                asked += 1
                with self.subTest(f"{field} {operator} {value!r}"):
                    self._check(records, (field.name, operator, value))
        self.assertGreater(asked, self.least_questions)
        self.assertFalse(silent, "No record has a value, so nothing is found.")

    def _records(self, model):
        model = model.with_context(active_test=False)
        if model._name == "res.partner":
            return self.customers.with_env(model.env)
        own = [("company_id", "=", self.company.id)] if "company_id" in model else []
        return model.search(own, limit=40) or model.search([], limit=40)

    def _check(self, records, condition):
        domain = [condition]
        found = records.search([("id", "in", records.ids), *domain])
        self.assertEqual(set(found), set(records.filtered_domain(domain)))
        if condition[1] not in NEGATIVE:
            without = records.search([("id", "in", records.ids), "!", *domain])
            self.assertEqual(set(without), set(records) - set(found))
