from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import PRODUCT_AXES
from ..classified.classification_override_mixin import (
    ClassificationOverrideMixin as OverrideMixin,
)
from ..classified.kind import PRODUCT
from .columns import CLASSES
from .product_class_move_mixin import PRODUCT_AXIS_SELECTION, PRODUCT_CLASS_SELECTION
from .product_profile import (
    ABC_SELECTION,
    BAND_SELECTION,
    CLASS_FIELDS,
    SALES_STAGE_SELECTION,
    SHADOW_FIELDS,
    XYZ_SELECTION,
)


class ProductClassOverride(models.Model):
    """Decision of a person about a class of a product."""

    _name = "product.class.override"
    _inherit = "classification.override.mixin"
    _description = "Decided Class of a Product"
    _order = "end_date, id"
    _rec_name = "product_tmpl_id"
    _classified_kind = PRODUCT
    _protected_fields = OverrideMixin._protected_fields | {"from_class"}
    _fixed_fields = OverrideMixin._fixed_fields | {"product_tmpl_id"}
    _check_company_auto = True

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    axis = fields.Selection(
        PRODUCT_AXIS_SELECTION, string="What", required=True, default="abc"
    )
    abc_class = fields.Selection(ABC_SELECTION, string="ABC")
    xyz_class = fields.Selection(XYZ_SELECTION, string="XYZ")
    price_band = fields.Selection(BAND_SELECTION)
    sales_lifecycle = fields.Selection(SALES_STAGE_SELECTION)
    from_class = fields.Selection(
        PRODUCT_CLASS_SELECTION, string="By the Numbers Then", readonly=True
    )
    decided_class = fields.Selection(
        PRODUCT_CLASS_SELECTION, string="Decided", compute="_compute_classes"
    )
    now_class = fields.Selection(
        PRODUCT_CLASS_SELECTION,
        string="By the Numbers Now",
        compute="_compute_classes",
    )

    earlier_ids = fields.One2many("product.class.override")

    @api.model
    def _class_fields(self):
        return CLASS_FIELDS

    @api.depends("product_tmpl_id", "company_id", "axis", *CLASS_FIELDS.values())
    def _compute_classes(self):
        """Compute the decided class and the one computed now: one query."""
        profiles = self._profiles()
        for decision in self:
            axis = decision.axis
            profile = profiles.get((decision.product_tmpl_id, decision.company_id))
            decision.decided_class = axis and decision[CLASS_FIELDS[axis]]
            decision.now_class = axis and profile and profile._by_numbers(axis)

    @api.model
    def _number_fields(self):
        return ("from_class",)

    def _numbers_now(self):
        profiles = self._profiles()
        return {
            one: self._numbers_then(
                profiles.get((one.product_tmpl_id, one.company_id)), one.axis
            )
            for one in self
        }

    @api.model
    def _numbers_then(self, profile, axis):
        return {"from_class": profile and profile._by_numbers(axis)}

    @api.model
    def _completed_for_create(self, vals_list):
        """Complete the values with the computed classes of today.

        One query.
        """
        vals_list = super()._completed_for_create(vals_list)
        drafts = self.browse().concat(*(self.new(vals) for vals in vals_list))
        drafts.product_tmpl_id._origin.check_access("read")
        profiles = drafts._profiles()
        completed = []
        for vals, draft in zip(vals_list, drafts, strict=True):
            key = draft.product_tmpl_id._origin, draft.company_id._origin
            numbers = self._numbers_then(profiles.get(key), draft.axis)
            completed.append({**numbers, **vals})
        return completed

    def _apply(self):
        """Recompute these products, so that the decision is seen at once."""
        for company, decisions in self.grouped("company_id").items():
            policy = company.sudo()._get_customer_policy().with_env(self.env)
            if policy:
                policy.recompute_products(product_ids=decisions.product_tmpl_id.ids)

    # Queries of runs

    @api.model
    def _decided_query(self, company, day):
        """SQL of product, and the class decided on each axis or NULL."""
        return SQL(
            """
            SELECT product_tmpl_id, %(columns)s
              FROM (SELECT DISTINCT ON (product_tmpl_id, axis) *
                      FROM product_class_override
                     WHERE company_id = %(company)s AND status <> 'ended'
                       AND start_date <= %(day)s AND end_date >= %(day)s
                     ORDER BY product_tmpl_id, axis, id DESC) o
             GROUP BY product_tmpl_id
            """,
            columns=SQL(", ").join(
                SQL(
                    "max(o.%s) FILTER (WHERE o.axis = %s) AS %s",
                    SQL.identifier(CLASS_FIELDS[axis]),
                    axis,
                    SQL.identifier(axis),
                )
                for axis in PRODUCT_AXES
            ),
            company=company.id,
            day=day,
        )

    @api.model
    def _decided(self, company, as_of_date):
        """Return decisions, and the classes shown because of them.

        Two queries.

        :return: two frames by product with the engine's codes for the four axes:
            decisions in force on the day, 0 where there is none; and the classes
            shown so far of the products that had a decision
        """
        self.flush_model()
        decided = self.env.execute_query(self._decided_query(company, as_of_date))
        shown = self.env.execute_query(
            SQL(
                "SELECT product_tmpl_id, %s FROM product_profile"
                " WHERE company_id = %s AND is_overridden IS TRUE",
                SQL(", ").join(map(SQL.identifier, CLASS_FIELDS.values())),
                company.id,
            )
        )
        return self._frame(decided), self._frame(shown)

    @api.model
    def _frame(self, rows):
        """Rows of product and words as a frame of the engine's codes."""
        import pandas as pd

        codes = [
            [
                ("", *CLASSES[axis]).index(word or "")
                for axis, word in zip(PRODUCT_AXES, words, strict=True)
            ]
            for __, *words in rows
        ]
        index = [product for product, *__ in rows]
        frame = pd.DataFrame(codes, index, columns=list(PRODUCT_AXES))
        return frame.astype("int64")

    @api.model
    def _status_classes(self):
        return {
            "now": self._class_sql("f", SHADOW_FIELDS),
            "then": SQL("COALESCE(o.from_class, '')"),
            "decided": self._class_sql("o", CLASS_FIELDS),
        }
