"""Make what is new on Odoo's tables before any other step of an upgrade.

By the functions of installing. What Odoo has to compute from older data stays with it.
"""

from odoo import SUPERUSER_ID, api

from odoo.addons.customer_classification.columns import ADDITIONS, EMPTY_COLUMNS
from odoo.addons.customer_classification.hooks import fill_birthdays
from odoo.addons.customer_classification.schema import in_short, prepare

BIRTHDAY = "customer_birthday"


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    prepare(env, ADDITIONS, without=EMPTY_COLUMNS - {BIRTHDAY})
    in_short(cr.dbname, fill_birthdays)
