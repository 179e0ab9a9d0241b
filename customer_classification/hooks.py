"""What installing and uninstalling do beyond loading the files."""

from odoo import SUPERUSER_ID


def post_init_hook(env):
    """Give every company its first published policy, so that one click classifies."""
    env = env(user=SUPERUSER_ID, context={**env.context, "active_test": False})
    env["res.company"].search([], order="id")._create_first_customer_policy()


def uninstall_hook(env):
    """Forget the scratch tables of runs; Odoo itself drops what the models own."""
    env["ir.config_parameter"].sudo().search(
        [("key", "=like", "customer_classification.%")]
    ).unlink()
