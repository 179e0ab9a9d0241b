from odoo.tests import tagged

from ..searched_fields import SearchedFieldsCase


@tagged("post_install", "-at_install")
class TestSearchedFields(SearchedFieldsCase):
    """Searched fields of the core."""
