import math

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...copy_frames import TOO_LARGE

# Rules about products, in the order of the screen.
PRODUCT_FIELDS = (
    *("product_rank_by", "product_rank_within", "product_a_percent"),
    *("product_b_percent", "product_keep_points", "product_grace_days"),
    *("product_new_days", "product_x_limit", "product_y_limit"),
    *("product_cv_tolerance", "product_min_months", "product_xyz_months"),
    "product_band_within",
    *("product_band_method", "product_band_low_percent", "product_band_high_percent"),
    *("product_band_low_price", "product_band_high_price"),
    *("product_band_min_products", "product_introduction_days", "product_end_days"),
    *("product_trend_months", "product_trend_min_lines", "product_growth_percent"),
    "product_decline_percent",
)
# {field: (lowest, highest)}
_RANGES = {
    "product_a_percent": (0, 100),
    "product_b_percent": (0, 100),
    "product_band_low_percent": (0, 100),
    "product_band_high_percent": (0, 100),
    "product_band_low_price": (0, TOO_LARGE),
    "product_band_high_price": (0, TOO_LARGE),
    "product_x_limit": (0, 1000),
    "product_y_limit": (0, 1000),
    "product_keep_points": (0, 50),
    "product_grace_days": (0, 3650),
    "product_new_days": (0, 3650),
    "product_cv_tolerance": (0, 10),
    "product_min_months": (1, 240),
    "product_xyz_months": (0, 240),
    "product_band_min_products": (2, 1_000_000),
    "product_introduction_days": (0, 3650),
    "product_end_days": (1, 36500),
    "product_trend_months": (1, 12),
    "product_trend_min_lines": (1, 1_000_000),
    "product_growth_percent": (0.1, 100),
    "product_decline_percent": (0.1, 100),
}
# Limits of which the second must be above the first: {(low, high): (lowest, highest)}.
_PAIRS = {
    ("product_a_percent", "product_b_percent"): (0, 100),
    ("product_x_limit", "product_y_limit"): (0, math.inf),
    ("product_band_low_percent", "product_band_high_percent"): (0, 100),
}


class ProductRules(models.Model):
    """Rules for products and services: ABC, XYZ, price bands, lifecycle."""

    _name = "product.rules"
    _inherit = "classification.rules.mixin"
    _description = "Product Rules"
    _kind = "product"
    _run_kind = "product"
    _preview_kind = "product_preview"

    # ABC
    product_rank_by = fields.Selection(
        [
            ("revenue", "Net revenue in the window"),
            ("margin", "Margin in the window"),
            ("quantity", "Quantity in the window"),
        ],
        string="Products Ranked By",
        required=True,
        default="revenue",
        help="By what products are A, B or C. The margin is that of the order where "
        "Odoo keeps it, otherwise it is worked out with today's cost. Quantities are "
        "in the unit of each product.",
    )
    product_rank_within = fields.Selection(
        [("all", "All products"), ("category", "The products of a category")],
        string="Ranked Among",
        required=True,
        default="all",
    )
    product_a_percent = fields.Float(
        string="A Up To",
        default=80,
        digits=(5, 1),
        help="A are the best products that make this share of all, the one that "
        "reaches it among them. Equal products have the same class.",
        aggregator=None,
    )
    product_b_percent = fields.Float(
        string="B Up To",
        default=95,
        digits=(5, 1),
        help="B are the next products up to this share; C is the rest.",
        aggregator=None,
    )
    product_keep_points = fields.Float(
        string="ABC Tolerance",
        default=2,
        digits=(5, 1),
        help="A product keeps its class until it is this many percentage points "
        "beyond the limit. It rises at once.",
        aggregator=None,
    )
    product_grace_days = fields.Integer(
        string="Product Grace Period",
        default=30,
        help="A product beyond the tolerance still keeps its ABC or XYZ class for this "
        "long.",
        aggregator=None,
    )
    product_new_days = fields.Integer(
        string="New Products",
        default=90,
        help="For this many days after its first sale a product is not put into C.",
        aggregator=None,
    )

    # XYZ
    product_x_limit = fields.Float(
        string="X Up To",
        default=0.5,
        digits=(6, 2),
        help="The coefficient of variation of the quantity by month: how far a usual "
        "month is from the mean. 0 is the same every month.",
        aggregator=None,
    )
    product_y_limit = fields.Float(
        string="Y Up To",
        default=1,
        digits=(6, 2),
        help="Z is what varies more than this.",
        aggregator=None,
    )
    product_cv_tolerance = fields.Float(
        string="XYZ Tolerance",
        default=0.05,
        digits=(6, 2),
        help="A product keeps its class until it varies this much more than the limit.",
        aggregator=None,
    )
    product_min_months = fields.Integer(
        string="Months Needed",
        default=6,
        help="Full months since the month of the first sale; with fewer, a product "
        "gets no XYZ class. Months without a sale count.",
        aggregator=None,
    )
    product_xyz_months = fields.Integer(
        string="XYZ Over",
        default=0,
        help="So many full months count for every product, those before its first sale "
        "as months without one: a product that began lately varies much. 0: the months "
        "from the first sale on, within the window, and at least those needed.",
        aggregator=None,
    )

    # Price bands
    product_band_method = fields.Selection(
        [("quantile", "Shares of the products"), ("fixed", "Fixed prices")],
        string="Price Bands By",
        required=True,
        default="quantile",
    )
    product_band_within = fields.Selection(
        [("category", "The products of a category"), ("all", "All products")],
        string="Prices Compared Among",
        required=True,
        default="category",
    )
    product_band_low_percent = fields.Float(
        string="Budget Up To", default=33.3, digits=(5, 1), aggregator=None
    )
    product_band_high_percent = fields.Float(
        string="Mid-Range Up To", default=66.7, digits=(5, 1), aggregator=None
    )
    product_band_low_price = fields.Monetary(
        string="Mid-Range From", default=0, aggregator=None
    )
    product_band_high_price = fields.Monetary(
        string="Premium From", default=0, aggregator=None
    )
    product_band_min_products = fields.Integer(
        string="Prices Needed",
        default=5,
        help="A category with fewer products that have a price is compared with all "
        "products.",
        aggregator=None,
    )

    # Sales lifecycle
    product_introduction_days = fields.Integer(
        string="Introduction",
        default=180,
        help="A product is in its introduction for this many days after the first "
        "sale.",
        aggregator=None,
    )
    product_end_days = fields.Integer(
        string="End of Life After",
        default=365,
        help="Without a sale for this many days, a product is at its end of life; so "
        "is one that is archived or not for sale any more.",
        aggregator=None,
    )
    product_trend_months = fields.Integer(
        string="Trend Over",
        default=6,
        help="So many full months are compared with the same months a year before; "
        "with the months just before where a product is younger. At most 12.",
        aggregator=None,
    )
    product_trend_min_lines = fields.Integer(
        string="Sales for a Product's Trend",
        default=3,
        help="Order lines needed in one of the two stretches.",
        aggregator=None,
    )
    product_growth_percent = fields.Float(
        string="Growing From",
        default=20,
        digits=(5, 1),
        help="Difference of the two stretches divided by their sum: 20 % is half as "
        "much again, 33 % twice as much. Growth ends below half of it.",
        aggregator=None,
    )
    product_decline_percent = fields.Float(
        string="Declining By",
        default=20,
        digits=(5, 1),
        help="The same downwards: 20 % is a third less, 33 % half as much.",
        aggregator=None,
    )

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published version of its product rules.",
    )

    @api.model
    def _plain_rules(self):
        return PRODUCT_FIELDS

    @api.model
    def _bounds(self):
        return super()._bounds() | _RANGES

    @api.constrains(*PRODUCT_FIELDS)
    def _check_rules(self):
        for rules in self:
            for (low, high), (least, most) in _PAIRS.items():
                rules._check_pair(low, high, least, most)
            if rules.product_band_method == "fixed":
                low, high = "product_band_low_price", "product_band_high_price"
                rules._check_pair(low, high, 0, math.inf)

    def _check_pair(self, low, high, least, most):
        """Refuse limits that do not rise, or that leave no room for a class."""
        if not least < self[low] < self[high] <= most:
            raise ValidationError(
                self.env._(
                    "%(low)s must be above 0 and below %(high)s.",
                    low=self._label_of(low),
                    high=self._label_of(high),
                )
                if self[high] <= most
                else self.env._("%s cannot be above 100.", self._label_of(high))
            )

    def _parameters(self, policy):
        """Return the engine's :class:`ProductParameters` of these rules."""
        from ...engine import ProductParameters

        self.ensure_one()
        fixed = self.product_band_method == "fixed"
        return ProductParameters(
            policy=policy.id,
            window_months=policy.window_months,
            currency_digits=self.currency_id.decimal_places,
            rank_by=self.product_rank_by,
            rank_in_category=self.product_rank_within == "category",
            a_share=self.product_a_percent / 100,
            b_share=self.product_b_percent / 100,
            keep_share=self.product_keep_points / 100,
            grace_days=self.product_grace_days,
            new_days=self.product_new_days,
            x_limit=self.product_x_limit,
            y_limit=self.product_y_limit,
            cv_tolerance=self.product_cv_tolerance,
            min_months=self.product_min_months,
            xyz_months=self.product_xyz_months,
            band_in_category=self.product_band_within == "category",
            band_method=self.product_band_method,
            band_low=self.product_band_low_price
            if fixed
            else self.product_band_low_percent / 100,
            band_high=self.product_band_high_price
            if fixed
            else self.product_band_high_percent / 100,
            band_min_products=self.product_band_min_products,
            introduction_days=self.product_introduction_days,
            end_days=self.product_end_days,
            trend_months=self.product_trend_months,
            trend_min_lines=self.product_trend_min_lines,
            growth=self.product_growth_percent / 100,
            decline=self.product_decline_percent / 100,
            documents=policy._document_rules(),
        )

    def _preview(self, policy):
        return policy.recompute_products(kind="preview")

    def _queue_run(self, policy):
        return self.env["classification.run"]._queue_of_kind(policy, "product")
