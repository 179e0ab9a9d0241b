"""Steps of installing and uninstalling beyond loading the files."""

from odoo.addons.customer_classification.schema import Additions, prepare

ADDITIONS = Additions(columns={"project_project": {"customer_has_complaints": "bool"}})


def pre_init_hook(env):
    """Make what is new on Odoo's tables, while others work."""
    prepare(env, ADDITIONS)
