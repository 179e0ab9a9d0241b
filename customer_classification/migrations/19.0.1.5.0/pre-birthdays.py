"""Create the birthdays of contacts with those of known birth dates.

Odoo would compute them contact by contact.
"""

from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    if column_exists(cr, "res_partner", "customer_birthday"):
        return
    create_column(cr, "res_partner", "customer_birthday", "varchar(5)")
    # The first releases knew no birth dates.
    if column_exists(cr, "res_partner", "birthdate_date"):
        cr.execute(
            "UPDATE res_partner SET"
            " customer_birthday = to_char(birthdate_date, 'MM-DD')"
            " WHERE birthdate_date IS NOT NULL"
        )
