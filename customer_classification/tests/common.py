"""Builders for the tests: customers, orders, purchases in one line each."""

from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

AS_OF = date(2025, 6, 30)
PATIENCE = 600  # seconds that a tour may take where the machine has other work


class ClassificationCase(TransactionCase):
    """A company of its own with a published policy, and builders around it.

    The company is fresh, so that other records in the database cannot change a result.
    Its policy classifies from one customer on and by fixed limits: VIP from 10,000,
    High from 5,000, Medium from 1,000.
    """

    tier_method = "limit"
    limits = {"vip": 10_000, "high": 5_000, "medium": 1_000, "low": 0}
    policy_values = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls._company("Classified Ltd")
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.company = cls.company.with_env(cls.env)
        cls.policy = cls._policy(cls.company)
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "list_price": 100, "taxes_id": False}
        )

    # Companies and rules

    @classmethod
    def _company(cls, name, currency="EUR"):
        """A company without a chart of accounts, in a currency."""
        currency = cls.env.ref(f"base.{currency}")
        currency.active = True
        return cls.env["res.company"].create(
            {"name": name, "currency_id": currency.id, "country_id": False}
        )

    @classmethod
    def _policy(cls, company, **values):
        """Publish, for a company, a policy with the test's limits."""
        draft = cls.env["classification.policy"].create(
            {
                "name": "Rules of the test",
                "company_id": company.id,
                "tz": "UTC",
                "prospect_scope": "engaged",
                "tier_method": cls.tier_method,
                "tier_ids": cls._limit_commands(cls.limits),
                **cls.policy_values,
                **values,
            }
        )
        draft._publish()
        return draft

    @classmethod
    def _limit_commands(cls, limits):
        return [
            fields.Command.create({"tier_id": cls._tier(code).id, "limit": limit})
            for code, limit in limits.items()
        ]

    @classmethod
    def _tier(cls, code):
        return cls.env.ref(f"customer_classification.customer_value_tier_{code}")

    @classmethod
    def _stage(cls, code):
        return cls.env.ref(f"customer_classification.customer_lifecycle_stage_{code}")

    # Companies, users and customers

    @classmethod
    def _customer(cls, name="Customer", **values):
        return cls.env["res.partner"].create({"name": name, **values})

    @classmethod
    def _order(cls, partner, day, amount, confirm=True, product=None, **values):
        """A sales order of one line; ``day`` a date (noon UTC) or a UTC datetime."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "order_line": [
                    fields.Command.create(
                        {
                            "product_id": (product or cls.product).id,
                            "product_uom_qty": 1,
                            "price_unit": amount,
                            "tax_ids": False,
                        }
                    )
                ],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        order.date_order = cls._moment(day)
        return order

    @classmethod
    def _purchase(cls, partner, day, amount, **values):
        """An imported purchase: the cheapest way to a history."""
        return cls.env["customer.purchase"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "date": day,
                "amount": amount,
                **values,
            }
        )

    @classmethod
    def _regular(cls, name, amount, every=30, times=12, until=AS_OF, **values):
        """Create a customer with a number of purchases at equal intervals.

        ``times`` purchases, every ``every`` days, up to a day.
        """
        customer = cls._customer(name, **values)
        cls.env["customer.purchase"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": cls.company.id,
                    "currency_id": cls.company.currency_id.id,
                    "date": until - timedelta(days=every * number),
                    "amount": amount,
                }
                for number in range(times)
            ]
        )
        return customer

    @classmethod
    def _opportunity(cls, partner, amount=0, created=None, **values):
        """An open opportunity, created on a day."""
        lead = cls.env["crm.lead"].create(
            {
                "name": "Chance",
                "type": "opportunity",
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "expected_revenue": amount,
                **values,
            }
        )
        return cls._created(lead, created) if created else lead

    @classmethod
    def _created(cls, records, day):
        """Date the creation of records back to a day: the ORM does not let us."""
        records.flush_recordset()
        cls.env.cr.execute(
            SQL(
                "UPDATE %s SET create_date = %s WHERE id = ANY(%s)",
                SQL.identifier(records._table),
                cls._moment(day),
                records.ids,
            )
        )
        records.invalidate_recordset()
        return records

    @classmethod
    def _rate(cls, currency, day, rate, company=None):
        """Set a rate: one unit of the company's currency is ``rate`` of another.

        From a day on.
        """
        currency = cls.env.ref(f"base.{currency}")
        currency.active = True
        cls.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": (company or cls.company).id,
                "name": day,
                "rate": rate,
            }
        )
        return currency

    @classmethod
    def _moment(cls, day):
        if isinstance(day, datetime):
            return day
        return datetime.combine(day, time(12))

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )

    # Results

    @classmethod
    def _recompute(cls, as_of_date=AS_OF, policy=None, **values):
        run = (policy or cls.policy).recompute(as_of_date=as_of_date, **values)
        if run.state != "done":
            raise AssertionError(f"The run is {run.state}: {run.error}")
        return run

    @contextmanager
    def _on(self, day):
        """Have it be a day by the calendar of every policy."""
        policies = type(self.env["classification.policy"])
        with patch.object(policies, "_today", lambda __: day):
            yield

    @classmethod
    def _profile(cls, partner, company=None):
        return (
            cls.env["customer.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", (company or cls.company).id),
                ]
            )
        )


class AccountingCase(ClassificationCase):
    """The same company with a chart of accounts, so that it can send invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.company.currency_id = cls.env.ref("base.EUR")

    @classmethod
    def _invoice(cls, partner, day, amount, post=True, **values):
        """A customer invoice of one untaxed line, or another move by its type."""
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": cls.company.id,
                "partner_id": partner.id,
                "invoice_date": day,
                "invoice_line_ids": [
                    fields.Command.create(
                        {
                            "product_id": cls.product.id,
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": False,
                        }
                    )
                ],
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _invoice_of(cls, order, day, down_payment=None):
        """Invoice an order by the wizard of the order, and post on a day."""
        wizard = cls.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        )
        values = {"advance_payment_method": "delivered"}
        if down_payment:
            values = {"advance_payment_method": "fixed", "fixed_amount": down_payment}
        known = order.invoice_ids
        wizard.create(values).create_invoices()
        move = order.invoice_ids - known
        move.invoice_date = day
        move.action_post()
        return move

    @classmethod
    def _credit(cls, invoice, day, amounts=None):
        """Credit an invoice on a day.

        :param amounts: amounts to credit of its lines, in their order; all by default,
            and 0 for a line that is left out
        """
        credit = invoice._reverse_moves([{"invoice_date": day}])
        lines = credit.invoice_line_ids.filtered(lambda one: not one.is_downpayment)
        if amounts:
            for line, amount in zip(lines, amounts, strict=True):
                line.write({"quantity": 1, "price_unit": amount})
            lines.filtered(lambda one: not one.price_unit).unlink()
        credit.action_post()
        return credit
