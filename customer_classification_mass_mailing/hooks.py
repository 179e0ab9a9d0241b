"""Steps of installing and uninstalling beyond loading the files."""

from odoo.addons.customer_classification.hooks import forget_constraints
from odoo.addons.customer_classification.schema import Additions, prepare

ADDITIONS = Additions(
    indexes={
        "mailing_trace": {
            "customer_reaction_idx": "(res_id, model) WHERE open_datetime IS NOT NULL"
        }
    },
)


def pre_init_hook(env):
    """Make what is new on Odoo's tables, while others work."""
    prepare(env, ADDITIONS)


def uninstall_hook(env):
    """Leave the index to a transaction of its own."""
    forget_constraints("customer_classification_mass_mailing", env)
