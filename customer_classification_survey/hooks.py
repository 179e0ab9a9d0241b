"""Clean-up on uninstall beyond dropping columns."""

from odoo.addons.customer_classification.hooks import forget_foreign_keys


def uninstall_hook(env):
    """Forget what Odoo would leave behind."""
    forget_foreign_keys("customer_classification_survey", env)
