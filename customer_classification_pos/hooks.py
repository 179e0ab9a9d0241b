"""Steps of installing and uninstalling beyond loading the files."""

from odoo.addons.customer_classification.hooks import forget_constraints
from odoo.addons.customer_classification.schema import Additions, prepare

ADDITIONS = Additions(
    indexes={"pos_order": {"customer_write_date_index": "(write_date)"}},
)


def pre_init_hook(env):
    """Make what is new on Odoo's tables, while others work."""
    prepare(env, ADDITIONS)


def post_init_hook(env):
    """Enable the point of sale in policies without any run yet.

    What a company classifies by does not change behind its back: where there was a run,
    a new version of the policy decides.
    """
    env.cr.execute(
        """
        UPDATE classification_policy
           SET count_point_of_sale = TRUE
         WHERE company_id NOT IN (SELECT company_id FROM classification_run)
        """
    )
    env["classification.policy"].invalidate_model(["count_point_of_sale"])


def uninstall_hook(env):
    """Forget what Odoo would leave behind."""
    forget_constraints("customer_classification_pos", env)
