from odoo import fields


class BigInteger(fields.Integer):
    """An integer of 64 bits, for hashes."""

    _column_type = ("int8", "int8")
