from odoo import fields, models

from ..common.arguments import as_choice
from ..common.called_records import check_one
from .columns import PRODUCT_KINDS


class ClassificationPolicy(models.Model):
    """Rules about products as a part of the policy."""

    _name = "classification.policy"
    _inherit = ["classification.policy"]
    _inherits = {"product.rules": "product_rules_id"}

    product_rules_id = fields.Many2one(
        "product.rules",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    product_since_id = fields.Many2one(
        "classification.policy",
        string="Product Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about products are the same.",
    )
    subject = fields.Selection(
        selection_add=[("product", "Product Rules")],
        ondelete={"product": "set default"},
    )

    def _product_parameters(self):
        """Return the engine's :class:`ProductParameters` of this version."""
        return self.product_rules_id._parameters(self)

    def recompute_products(self, as_of_date=None, kind="production", product_ids=None):
        """Classify the products and services of the company.

        :param kind: ``production`` writes the classes, or waits for a manager where
            too many would move; ``preview`` keeps nothing but the moves, by the
            rules of any version
        :param as_of_date: day (or ISO text) up to which sales count; today in the
            policy's time zone by default
        :param product_ids: ids of the only products (``product.template``) to look
            at, by the limits of the last run over all; all by default
        :return: the :class:`classification.run`
        :raises UserError: when another run of the company is under way, the policy is
            not published, or the day is in the future or before that of the last run
        """
        check_one(self)
        self._follow_in_force()
        runs = self.env["classification.run"]
        label = runs._label_of("kind")
        kind = as_choice(self.env, kind, PRODUCT_KINDS, label)
        day = runs._day_argument(as_of_date)
        ids = runs._product_argument(product_ids)
        execution = runs._prepare_of_kind(self, PRODUCT_KINDS[kind], day, ids)
        return execution.execute().with_env(self.env)

    def action_preview_products(self):
        """Show the changes that the rules would make among the products."""
        check_one(self)
        return self.recompute_products(kind="preview")._open_form()

    def action_recompute_products(self):
        """Queue a run over the products and show it."""
        check_one(self)
        run = self.env["classification.run"]._queue_of_kind(self, "product")
        return run._open_form()
