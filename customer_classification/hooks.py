"""What installing and uninstalling do beyond loading the files."""

from odoo import SUPERUSER_ID
from odoo.tools import SQL


def post_init_hook(env):
    """Give every company its first published policy, so that one click classifies."""
    env = env(user=SUPERUSER_ID, context={**env.context, "active_test": False})
    env["res.company"].search([], order="id")._create_first_customer_policy()


def uninstall_hook(env):
    """Empty what holds on to tiers, stages and policies, so that Odoo can delete those
    records one by one before it drops the tables; forget our parameters."""
    for table in (
        "customer_profile",
        "classification_change",
        "classification_run_result",
        "classification_run",
        "classification_policy_tier",
        "classification_policy",
    ):
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    env.invalidate_all(flush=False)
    env["ir.config_parameter"].sudo().search(
        [("key", "=like", "customer_classification.%")]
    ).unlink()
