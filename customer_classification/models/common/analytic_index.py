from odoo.tools.sql import index_exists


def has_analytic_index(model):
    """Return whether a table of lines has the index of Odoo's analytic mixin.

    ``init`` of that mixin makes sure of it by a statement that closes the table to
    writers until the installation ends, also where the index is there.
    """
    name = f"{model._table}_analytic_distribution_accounts_gin_index"
    return index_exists(model.env.cr, name)
