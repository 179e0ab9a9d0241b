"""Steps of installing and uninstalling beyond loading the files."""

from odoo.addons.customer_classification.hooks import forget_constraints
from odoo.addons.customer_classification.schema import Additions, prepare

ADDITIONS = Additions(
    columns={"event_event": {"customer_campaign_id": "int4"}},
    indexed={"event_event": {"customer_campaign_id": "btree_not_null"}},
)


def pre_init_hook(env):
    """Make what is new on Odoo's tables, while others work."""
    prepare(env, ADDITIONS)


def uninstall_hook(env):
    """Forget what Odoo would leave behind."""
    forget_constraints("customer_classification_event", env)
