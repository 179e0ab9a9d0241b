"""Conditions for persons who object to profiling."""

from odoo.fields import Domain
from odoo.tools import SQL

# Contacts that may be profiled. By sub-selects, which the database answers from a small
# index, whatever the number of contacts.
MAY_BE_PROFILED = Domain("customer_objects_profiling", "=", False) & Domain(
    "commercial_partner_id", "not any", [("customer_objects_profiling", "=", True)]
)
# SQL of the ids of the persons who object.
OBJECTING = SQL("(SELECT id FROM res_partner WHERE customer_objects_profiling IS TRUE)")
# The same for searches with the rights of a person without access to objections.
NOT_OBJECTING = Domain("id", "not in", OBJECTING) & Domain(
    "commercial_partner_id", "not in", OBJECTING
)
