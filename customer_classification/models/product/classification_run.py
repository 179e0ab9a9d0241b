from odoo import api, fields, models
from odoo.tools import SQL

from ..common.arguments import as_ids
from ..policy.rule_fields import SOURCE_FIELDS
from .pipeline import ProductPipeline


class ClassificationRun(models.Model):
    """Runs over products and services: production and preview.

    One over all finds the limits; those over products that changed, and over chosen
    ones, use those of the last one over all.

    *Query budget*: 42 for any number of products.
    """

    _name = "classification.run"
    _inherit = "classification.run"

    kind = fields.Selection(
        selection_add=[
            ("product", "Products"),
            ("product_preview", "Preview of Products"),
        ],
        ondelete={"product": "cascade", "product_preview": "cascade"},
    )
    product_change_count = fields.Integer(
        string="Product Changes", readonly=True, aggregator=None
    )
    product_change_ids = fields.One2many(
        "product.class.change", "run_id", readonly=True
    )
    next_product_date = fields.Date(
        string="Next Products As Of",
        readonly=True,
        help="Day of the run that worked out what customers may buy next.",
    )
    product_move_ids = fields.One2many("product.class.move", "run_id", readonly=True)

    @api.model
    def _pipelines(self):
        return {
            **super()._pipelines(),
            "product": ProductPipeline,
            "product_preview": ProductPipeline,
        }

    @api.model
    def _last_product_run(self, company):
        """Return the last run that looked at all products or at all changed ones.

        One query.
        """
        return self.sudo().search_fetch(
            [
                *self._product_runs_done(),
                ("company_id", "=", company.id),
                ("scope", "!=", "some"),
            ],
            ["as_of_date", "watermark"],
            order="id desc",
            limit=1,
        )

    @api.model
    def _last_full_product_run(self, policy):
        """Return the last run over all products by the rules of a policy.

        It found limits. Later versions that repeat the rules count: one query.
        """
        since = policy._rules_since("product")
        return self.sudo().search_fetch(
            [
                *self._product_runs_done(),
                *("|", ("policy_id", "=", since.id)),
                ("policy_id.product_since_id", "=", since.id),
                ("scope", "=", "all"),
            ],
            ["as_of_date", "edges"],
            order="id desc",
            limit=1,
        )

    def _next_product_date_before(self):
        """Return as of when next products stand; False without any.

        Where the rules count other documents since, they are worked out again. One
        query.
        """
        last = self.sudo().search(
            [
                *self._product_runs_done(),
                ("company_id", "=", self.company_id.id),
                ("id", "<", self.id),
                ("next_product_date", "!=", False),
            ],
            order="id desc",
            limit=1,
        )
        alike = all(
            last.policy_id[name] == self.policy_id[name] for name in SOURCE_FIELDS
        )
        return last.next_product_date if alike else False

    @api.model
    def _product_runs_done(self):
        """Return the domain of the runs that wrote classes of products."""
        return [
            ("kind", "=", "product"),
            ("state", "=", "done"),
            ("watermark", "!=", False),
        ]

    def _keep_product_edges(self, edges):
        """Keep the limits of this run over all products, and no earlier ones.

        They have a value of each product, so that those of every day would be much.
        Two queries.
        """
        self.edges = edges
        self.flush_recordset(["edges"])
        self.env.cr.execute(
            SQL(
                "UPDATE classification_run SET edges = NULL WHERE kind = 'product'"
                " AND company_id = %s AND id <> %s AND edges IS NOT NULL",
                *(self.company_id.id, self.id),
            )
        )
        self.invalidate_model(["edges"])

    @api.model
    def _product_argument(self, product_ids):
        """Return ids of products that a caller may read, None for all.

        One query.
        """
        if product_ids is None:
            return None
        return as_ids(self.env, "product.template", product_ids)
