"""Let amounts follow the rates, and policies choose credit notes."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    # Rules that somebody published go on counting what they counted.
    cr.execute("UPDATE classification_policy SET subtract_unlinked_credit_notes = TRUE")
    _convert_purchases(api.Environment(cr, SUPERUSER_ID, {}))


def _convert_purchases(env):
    """Convert purchases again that were imported with another rate or none."""
    env.cr.execute(
        """
        UPDATE customer_purchase i
           SET company_amount = 0, company_margin = 0
          FROM res_company c
         WHERE c.id = i.company_id AND i.currency_id <> c.currency_id
        """
    )
    rates = env["res.currency.rate"].search([], order="id")
    env["classification.rate.change"]._record(rates)._follow()
