"""What installing and uninstalling do beyond loading the files."""

from odoo import SUPERUSER_ID
from odoo.tools import SQL


def post_init_hook(env):
    """Give every company its first published policy, so that one click classifies."""
    env = env(user=SUPERUSER_ID, context={**env.context, "active_test": False})
    env["res.company"].search([], order="id")._create_first_customer_policy()


def uninstall_hook(env):
    """Forget what Odoo would leave behind, and empty what holds on to tiers, stages and
    policies, so that Odoo can delete those records before it drops the tables."""
    for table in (
        "customer_profile",
        "classification_change",
        "classification_move",
        "classification_run_result",
        "classification_back_test_line",
        "classification_override",
        "classification_run",
        "classification_policy_tier",
        "classification_policy_metric",
        "classification_policy",
    ):
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    env.invalidate_all(flush=False)
    _forget("ir.config_parameter", [("key", "=like", "customer_classification.%")], env)
    models = [
        name
        for name, model in env.registry.items()
        if model._original_module == "customer_classification"
    ]
    _forget("ir.filters", [("model_id", "in", models)], env)
    _forget("ir.exports", [("resource", "in", models)], env)


def _forget(model, domain, env):
    env[model].sudo().with_context(active_test=False).search(domain).unlink()
