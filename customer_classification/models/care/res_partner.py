import re
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.access_groups import USER_GROUP
from ..common.own_columns import OWN_PREFETCH

_BIRTHDAY = re.compile(r"(\d{2})-(\d{2})")
# As people write it: 5-17, 5/17, 5.17, 5月17日
_WRITTEN = re.compile(r"\s*(\d{1,2})\D+(\d{1,2})\D*")
LEAP_YEAR = 2000


class ResPartner(models.Model):
    """Birthdays of persons, also where the year is not known."""

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_birthday = fields.Char(
        string="Birthday",
        size=5,
        compute="_compute_customer_birthday",
        store=True,
        readonly=False,
        index="btree_not_null",
        groups=USER_GROUP,
        help="Month and day, such as 05-17: follows from the birth date, and can be "
        "entered where the year is not known.",
        prefetch=OWN_PREFETCH,
    )

    @api.depends("birthdate_date")
    def _compute_customer_birthday(self):
        for partner in self:
            born = partner.birthdate_date
            partner.customer_birthday = (
                f"{born:%m-%d}" if born else partner.customer_birthday
            )

    @api.onchange("customer_birthday")
    def _onchange_customer_birthday(self):
        """Put what people write into the form in which it is kept."""
        written = _WRITTEN.fullmatch(self.customer_birthday or "")
        if written:
            month, day = map(int, written.groups())
            self.customer_birthday = f"{month:02}-{day:02}"

    @api.constrains("customer_birthday", "birthdate_date")
    def _check_customer_birthday(self):
        for partner in self.sudo():
            text, born = partner.customer_birthday, partner.birthdate_date
            if text and not _is_birthday(text):
                raise ValidationError(
                    self.env._("Write the birthday as month and day, such as 05-17.")
                )
            if born and text != f"{born:%m-%d}":
                raise ValidationError(
                    self.env._("The birthday and the birth date are different days.")
                )

    def write(self, vals):
        """Drop what is still to do for persons who object from now on."""
        if vals.get("customer_objects_profiling"):
            self.env["customer.care"]._drop_of(self)
        return super().write(vals)


def _is_birthday(text):
    """Return whether a text is a month and a day of a leap year."""
    found = _BIRTHDAY.fullmatch(text)
    if not found:
        return False
    try:
        date(LEAP_YEAR, *map(int, found.groups()))
    except ValueError:
        return False
    return True
