"""Stored columns of ours on Odoo's large models."""

# Prefetch group of our stored columns on contacts: Odoo reads them together when one of
# them is asked for, and not each time that it reads a contact.
OWN_PREFETCH = "customer_classification"
