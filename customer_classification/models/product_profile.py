from odoo import api, fields, models
from odoo.tools import SQL

from .called_records import check_one
from .customer_profile import MONEY_GROUP, BigInteger

ABC_SELECTION = [("a", "A"), ("b", "B"), ("c", "C")]
XYZ_SELECTION = [("x", "X"), ("y", "Y"), ("z", "Z")]
BAND_SELECTION = [
    ("budget", "Budget"),
    ("middle", "Mid-Range"),
    ("premium", "Premium"),
]
SALES_STAGE_SELECTION = [
    ("introduction", "Introduction"),
    ("growth", "Growth"),
    ("maturity", "Maturity"),
    ("decline", "Decline"),
    ("end_of_life", "End of Life"),
]
# Axis: the fields with the class that people see, and with that by the numbers.
CLASS_FIELDS = {
    "abc": "abc_class",
    "xyz": "xyz_class",
    "price_band": "price_band",
    "sales_lifecycle": "sales_lifecycle",
}
SHADOW_FIELDS = {
    "abc": "shadow_abc",
    "xyz": "shadow_xyz",
    "price_band": "shadow_band",
    "sales_lifecycle": "shadow_lifecycle",
}
# Codes of the engine, in its order, with the words for them.
ABC_REASON_SELECTION = [
    ("limit", "By its place"),
    ("kept", "Kept: within the tolerance"),
    ("grace", "Kept: grace period"),
    ("lapsed", "Nothing sold in the window"),
    ("nothing_earned", "Brought nothing"),
    ("new", "Not classified: new"),
    ("not_sold", "Not classified: never sold"),
    ("unknown", "Not classified: margin not known"),
]
XYZ_REASON_SELECTION = [
    ("limit", "By its variation"),
    ("kept", "Kept: within the tolerance"),
    ("grace", "Kept: grace period"),
    ("no_demand", "As much came back as was sold"),
    ("too_few_months", "Not classified: too few months"),
    ("not_sold", "Not classified: nothing sold"),
]
BAND_REASON_SELECTION = [
    ("category", "Among its category"),
    ("all", "Among all products"),
    ("limit", "By fixed prices"),
    ("alike", "All prices are equal"),
    ("no_price", "No price"),
]
STAGE_REASON_SELECTION = [
    ("young", "First sold not long ago"),
    ("rising", "Sales rise"),
    ("steady", "Sales are steady"),
    ("falling", "Sales fall"),
    ("kept", "The trend has not clearly turned"),
    ("few_sales", "Too few sales for a trend"),
    ("no_sales", "No sale for long"),
    ("withdrawn", "Not for sale any more"),
    ("not_sold", "Never sold"),
]
# Pieces and kilograms have no sum.
ADDED_WITHIN = {"quantity": "uom_id"}


class ProductProfile(models.Model):
    """What is known of one product or service in one company, and its classes.

    Variants are rolled up to their product. Written by runs in SQL, only where
    something differs, and by nobody else.
    """

    _name = "product.profile"
    _inherit = "classification.counted.once.mixin"
    _description = "Product Profile"
    # Not by revenue, which not everybody may read.
    _order = "abc_class nulls last, line_count desc nulls last, id"
    _rec_name = "product_tmpl_id"
    _added_within = ADDED_WITHIN

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    problem_text = fields.Char(
        string="Set Aside Because", compute="_compute_problem_text"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True, readonly=True)
    categ_id = fields.Many2one(related="product_tmpl_id.categ_id")
    product_type = fields.Selection(related="product_tmpl_id.type")
    uom_id = fields.Many2one(related="product_tmpl_id.uom_id")

    # Facts
    is_sellable = fields.Boolean(string="For Sale", readonly=True)
    first_sale_date = fields.Date(string="First Sold", readonly=True)
    last_sale_date = fields.Date(string="Last Sold", readonly=True)
    line_count = fields.Integer(
        string="Times Sold",
        readonly=True,
        help="Lines of orders or invoices in the window of the policy.",
    )
    lifetime_line_count = fields.Integer(string="Times Sold in All", readonly=True)
    months_sold = fields.Integer(
        string="Months With Sales",
        readonly=True,
        aggregator="avg",
        help="Full months of the window in which it was sold.",
    )
    quantity = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="Net of returns, in the window, in the product's own unit.",
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window of the policy.",
    )
    lifetime_revenue = fields.Monetary(
        string="Revenue in All", readonly=True, groups=MONEY_GROUP
    )
    margin = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="In the window: by the cost on the order where Odoo keeps it, otherwise "
        "by today's cost. Not known without a cost.",
    )
    has_margin = fields.Boolean(string="Margin Known", readonly=True)
    list_price = fields.Monetary(string="Sales Price", readonly=True, aggregator="avg")

    # ABC and XYZ
    abc_class = fields.Selection(ABC_SELECTION, string="ABC", readonly=True)
    abc_reason = fields.Selection(
        ABC_REASON_SELECTION, string="ABC Reason", readonly=True
    )
    abc_share = fields.Float(
        string="Share Before",
        readonly=True,
        digits=(12, 4),
        aggregator=None,
        help="The share of all that better products make.",
    )
    abc_below_since = fields.Date(
        string="Below Its Class Since",
        readonly=True,
        help="From this day on it is beyond what keeps the ABC class.",
    )
    xyz_class = fields.Selection(XYZ_SELECTION, string="XYZ", readonly=True)
    xyz_reason = fields.Selection(
        XYZ_REASON_SELECTION, string="XYZ Reason", readonly=True
    )
    cv = fields.Float(
        string="Variation",
        readonly=True,
        digits=(12, 2),
        aggregator="avg",
        help="Coefficient of variation of the quantity by month: standard deviation "
        "divided by mean. Months without a sale count.",
    )
    has_cv = fields.Boolean(string="Variation Known", readonly=True)
    month_count = fields.Integer(
        string="Months Looked At", readonly=True, aggregator=None
    )
    xyz_above_since = fields.Date(
        string="More Irregular Since",
        readonly=True,
        help="From this day on it varies more than what keeps the XYZ class.",
    )
    abc_xyz = fields.Char(string="ABC/XYZ", readonly=True)

    # Price band and sales lifecycle
    price_band = fields.Selection(BAND_SELECTION, readonly=True)
    band_reason = fields.Selection(BAND_REASON_SELECTION, readonly=True)
    sales_lifecycle = fields.Selection(SALES_STAGE_SELECTION, readonly=True)
    lifecycle_reason = fields.Selection(STAGE_REASON_SELECTION, readonly=True)
    trend = fields.Float(
        readonly=True,
        digits=(5, 4),
        aggregator="avg",
        help="The quantity of the last full months against that of the same months a "
        "year before, or of the months just before: their difference divided by "
        "their sum.",
    )
    has_trend = fields.Boolean(string="Trend Known", readonly=True)
    trend_is_seasonal = fields.Boolean(string="Against the Year Before", readonly=True)

    # By the numbers, where a person decided otherwise
    is_overridden = fields.Boolean(
        string="Decided by a Person",
        readonly=True,
        help="Somebody decided about one of the classes; the numbers do not.",
    )
    shadow_abc = fields.Selection(
        ABC_SELECTION, string="ABC by the Numbers", readonly=True
    )
    shadow_xyz = fields.Selection(
        XYZ_SELECTION, string="XYZ by the Numbers", readonly=True
    )
    shadow_band = fields.Selection(
        BAND_SELECTION, string="Price Band by the Numbers", readonly=True
    )
    shadow_lifecycle = fields.Selection(
        SALES_STAGE_SELECTION,
        string="Sales Lifecycle by the Numbers",
        readonly=True,
    )
    variant_count = fields.Integer(
        related="product_tmpl_id.product_variant_count",
        string="Variants",
        aggregator=None,
    )
    override_ids = fields.One2many(
        "product.class.override", compute="_compute_override_ids", string="Decisions"
    )

    as_of_date = fields.Date(
        string="As Of",
        compute="_compute_as_of_date",
        help="Day up to which sales are counted in these numbers.",
    )
    policy_id = fields.Many2one(
        "classification.policy",
        readonly=True,
        ondelete="restrict",
        help="The version since which the rules about products are the same: later "
        "ones may repeat them.",
    )
    run_id = fields.Many2one(
        "classification.run",
        string="Last Changed By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    content_hash = BigInteger(readonly=True, aggregator=None)
    change_ids = fields.One2many(
        "product.class.change", compute="_compute_change_ids", string="Changes"
    )
    change_count = fields.Integer(compute="_compute_change_ids")

    _product_company_unique = models.Constraint(
        "UNIQUE(product_tmpl_id, company_id)", "A product has one profile in a company."
    )
    _class_index = models.Index("(company_id, abc_class, xyz_class)")

    def init(self):
        """Leave room in the pages, so that most updates touch no index."""
        self.env.cr.execute(
            SQL("ALTER TABLE %s SET (fillfactor = 70)", SQL.identifier(self._table))
        )

    @api.depends("product_tmpl_id.display_name")
    def _compute_display_name(self):
        for profile in self:
            profile.display_name = profile.product_tmpl_id.display_name

    @api.depends("company_id", "run_id")
    def _compute_as_of_date(self):
        """The day of the last run over the products of the company: one query for
        each company."""
        runs = self.env["classification.run"]
        days = {
            company: runs._last_product_run(company).as_of_date
            for company in self.company_id
        }
        for profile in self:
            profile.as_of_date = days.get(profile.company_id)

    def _compute_change_ids(self):
        """History of each profile's product in its company: one query."""
        changes = self.env["product.class.change"].search(
            [
                ("product_tmpl_id", "in", self.product_tmpl_id.ids),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        grouped = changes.grouped(lambda one: (one.product_tmpl_id, one.company_id))
        for profile in self:
            own = grouped.get(
                (profile.product_tmpl_id, profile.company_id), changes.browse()
            )
            profile.change_ids = own
            profile.change_count = len(own)

    def _compute_override_ids(self):
        """Decisions about each profile's product in its company: one query."""
        decisions = self.env["product.class.override"].search(
            [
                ("product_tmpl_id", "in", self.product_tmpl_id.ids),
                ("company_id", "in", self.company_id.ids),
            ],
            order="ended_date desc nulls first, id desc",
        )
        grouped = decisions.grouped(lambda one: (one.product_tmpl_id, one.company_id))
        for profile in self:
            key = profile.product_tmpl_id, profile.company_id
            profile.override_ids = grouped.get(key, decisions.browse())

    def _by_numbers(self, axis):
        """The class on an axis that the numbers give."""
        return self[(SHADOW_FIELDS if self.is_overridden else CLASS_FIELDS)[axis]]

    def action_open_variants(self):
        """Open the classes of the variants of this product."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.product_variant_class_action"
        )
        action["domain"] = [
            ("product_tmpl_id", "=", self.product_tmpl_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {}  # those that were not sold too
        return action

    def action_override(self):
        """Open a form to decide about a class of this product."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide About %s", self.product_tmpl_id.display_name),
            "res_model": "product.class.override",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_product_tmpl_id": self.product_tmpl_id.id,
                "default_company_id": self.company_id.id,
                **{f"default_{name}": self[name] for name in CLASS_FIELDS.values()},
            },
        }

    @api.depends_context("lang")
    def _compute_problem_text(self):
        """Why runs set this product aside, if they do: one query."""
        problems = self.env["classification.problem"]
        texts = problems._texts("product_tmpl_id", self.product_tmpl_id.ids)
        for profile in self:
            key = (profile.product_tmpl_id.id, profile.company_id.id)
            profile.problem_text = texts.get(key)

    def action_open_product(self):
        """Open the product of this profile."""
        check_one(self)
        return self.product_tmpl_id.get_formview_action()

    def action_open_changes(self):
        """Open the history of this product."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.product_class_change_action"
        )
        action["domain"] = [
            ("product_tmpl_id", "=", self.product_tmpl_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {}
        return action
