"""Run the tests `at_install` together with those `post_install`."""

from odoo.tests import loader

_make_suite = loader.make_suite


def make_suite(module_names, position="at_install"):
    """Return no test while modules are loaded, and both kinds after that."""
    if position == "at_install":
        return loader.OdooSuite([])
    early, late = (_make_suite(module_names, when) for when in ("at_install", position))
    return loader.OdooSuite([*early, *late])


loader.make_suite = make_suite
