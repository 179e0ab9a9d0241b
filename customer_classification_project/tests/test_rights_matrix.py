from odoo.tests import tagged

from odoo.addons.customer_classification.tests.rights_matrix import RightsMatrixCase


@tagged("post_install", "-at_install")
class TestRightsMatrix(RightsMatrixCase):
    """Models, amounts and public methods beside projects, by role."""
