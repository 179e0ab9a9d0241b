from odoo import api, fields, models
from odoo.tools import SQL, format_date, formatLang

from ..common.access_groups import MONEY_GROUP
from ..common.big_integer import BigInteger
from ..common.called_records import check_one
from ..common.keyless_many2one import KeylessMany2one

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
    """Numbers and classes of a product or service in one company.

    Variants are rolled up to their product. Written by runs in SQL, only where
    something differs, and by nobody else.
    """

    _name = "product.profile"
    _inherit = [
        "classification.counted.once.mixin",
        "classification.plain.fields.mixin",
    ]
    _description = "Product Profile"
    _log_access = False
    # Not by revenue, which not everybody may read.
    _order = "abc_class nulls last, line_count desc nulls last, id"
    _rec_name = "product_tmpl_id"
    _added_within = ADDED_WITHIN
    _technical_fields = frozenset({"abc_share", "content_hash"})

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = KeylessMany2one(
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
    lifetime_line_count = fields.Integer(
        string="Times Sold in All",
        readonly=True,
        help="Order lines since the first sale.",
    )
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
        string="Revenue in All",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue since the first sale, less refunds, in the company's "
        "currency.",
    )
    margin = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="In the window: by the cost on the order where Odoo keeps it, otherwise "
        "by today's cost. Not known without a cost.",
    )
    has_margin = fields.Boolean(string="Margin Known", readonly=True)
    list_price = fields.Monetary(
        string="Sales Price",
        readonly=True,
        aggregator="avg",
        help="Price in the product's list, by which price bands are found.",
    )

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
        string="Months Looked At",
        readonly=True,
        aggregator=None,
        help="Full months over which the evenness of the demand is found.",
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
        help="Variants of the product that are not archived.",
    )
    override_ids = fields.One2many(
        "product.class.override", compute="_compute_override_ids", string="Decisions"
    )

    as_of_date = fields.Date(
        string="As Of",
        compute="_compute_as_of_date",
        help="Day up to which sales are counted in these numbers.",
    )
    policy_id = KeylessMany2one(
        "classification.policy",
        readonly=True,
        ondelete="restrict",
        help="The version since which the rules about products are the same: later "
        "ones may repeat them.",
    )
    run_id = KeylessMany2one(
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
    change_count = fields.Integer(
        compute="_compute_change_ids",
        help="Changes of ABC, XYZ, price band and sales lifecycle.",
    )

    _product_company_unique = models.Constraint(
        "UNIQUE(product_tmpl_id, company_id)", "A product has one profile in a company."
    )
    _class_index = models.Index("(company_id, abc_class, xyz_class)")

    # Explanation

    abc_explanation = fields.Char(
        string="Why This ABC Class", compute="_compute_explanations"
    )
    xyz_explanation = fields.Char(
        string="Why This XYZ Class", compute="_compute_explanations"
    )
    band_explanation = fields.Char(
        string="Why This Price Band", compute="_compute_explanations"
    )
    lifecycle_explanation = fields.Char(
        string="Why This Sales Lifecycle", compute="_compute_explanations"
    )

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
        """Compute the day of the last run over products.

        One query for each company.
        """
        runs = self.env["classification.run"]
        days = {
            company: runs._last_run_of_kind(company, "product").as_of_date
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
        action["context"] = {}  # also those without sales
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
        """Compute why runs exclude this product: one query."""
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

    # Explanation

    @api.depends(
        *("abc_class", "abc_reason", "xyz_class", "xyz_reason", "price_band"),
        *("band_reason", "sales_lifecycle", "lifecycle_reason", "policy_id"),
        "is_overridden",
    )
    @api.depends_context("lang", "uid")
    def _compute_explanations(self):
        """Four sentences each: the queries of reading profiles and policies."""
        for profile, seen in zip(self.sudo(), self, strict=True):
            told = profile._told
            seen.abc_explanation = told("abc", profile._explain_abc())
            seen.xyz_explanation = told("xyz", profile._explain_xyz())
            seen.band_explanation = told("price_band", profile._explain_band())
            seen.lifecycle_explanation = told(
                "sales_lifecycle", profile._explain_lifecycle()
            )

    def _told(self, axis, why):
        """Return the sentence about the numbers, and any manual override."""
        number = self._by_numbers(axis)
        if number == self[CLASS_FIELDS[axis]]:
            return why
        words = dict(self._fields[CLASS_FIELDS[axis]]._description_selection(self.env))
        return self.env._(
            "A person decided. By the numbers: %(class)s. %(why)s",
            **{"class": words.get(number, "-"), "why": why or ""},
        ).strip()

    def _number(self, value, digits=1):
        return formatLang(self.env, value, digits)

    def _explain_abc(self):
        policy = self.policy_id
        values = {
            "share": self._number(self.abc_share * 100),
            "what": self._ranked_by(),
            "points": self._number(policy.product_keep_points),
            "since": format_date(self.env, self.abc_below_since),
            "months": policy.window_months,
            "days": policy.product_new_days,
            "first": format_date(self.env, self.first_sale_date),
        }
        sentence = {
            "limit": self._explain_place,
            "kept": lambda **v: self.env._(
                "Better products make %(share)s %% of the %(what)s: beyond the limit, "
                "but by less than %(points)s points.",
                **v,
            ),
            "grace": lambda **v: self.env._(
                "Better products make %(share)s %% of the %(what)s; beyond what keeps "
                "the class since %(since)s, not for long enough.",
                **v,
            ),
            "lapsed": lambda **v: self.env._(
                "Nothing was sold in the last %(months)s months.", **v
            ),
            "nothing_earned": lambda **v: self.env._(
                "It was sold, but brought no %(what)s.", **v
            ),
            "new": lambda **v: self.env._(
                "First sold on %(first)s: a product is not put into C in its first "
                "%(days)s days.",
                **v,
            ),
            "not_sold": lambda **v: self.env._("It was never sold."),
            "unknown": lambda **v: self.env._(
                "Its margin is not known: give it a cost."
            ),
        }.get(self.abc_reason)
        return sentence and sentence(**values)

    def _explain_place(self, **values):
        policy = self.policy_id
        if not self.abc_share:
            return self.env._("No product makes more %(what)s.", **values)
        number = self._by_numbers("abc")
        if number == "c":
            return self.env._(
                "Better products make %(share)s %% of the %(what)s: %(limit)s %% or "
                "more.",
                limit=self._number(policy.product_b_percent),
                **values,
            )
        limit = {"a": policy.product_a_percent, "b": policy.product_b_percent}
        return self.env._(
            "Better products make %(share)s %% of the %(what)s: less than "
            "%(limit)s %%.",
            limit=self._number(limit.get(number, 0)),
            **values,
        )

    def _ranked_by(self):
        """Return the ranking measure, in the middle of a sentence."""
        return {
            "revenue": self.env._("revenue"),
            "margin": self.env._("margin"),
            "quantity": self.env._("quantity"),
        }.get(self.policy_id.product_rank_by, "")

    def _explain_xyz(self):
        policy = self.policy_id
        values = {
            "cv": self._number(self.cv, 2),
            "months": self.month_count,
            "needed": policy.product_min_months,
            "x": self._number(policy.product_x_limit, 2),
            "y": self._number(policy.product_y_limit, 2),
            "since": format_date(self.env, self.xyz_above_since),
        }
        sentence = {
            "limit": lambda **v: self._explain_variation(**v),
            "kept": lambda **v: self.env._(
                "A usual month is %(cv)s times the mean away from it: above the limit, "
                "but within the tolerance.",
                **v,
            ),
            "grace": lambda **v: self.env._(
                "A usual month is %(cv)s times the mean away from it; above what keeps "
                "the class since %(since)s, not for long enough.",
                **v,
            ),
            "no_demand": lambda **v: self.env._("As much came back as was sold."),
            "too_few_months": lambda **v: self.env._(
                "Known for %(months)s full months; %(needed)s are needed.", **v
            ),
            "not_sold": lambda **v: self.env._(
                "Nothing was sold in the full months of the window."
            ),
        }.get(self.xyz_reason)
        return sentence and sentence(**values)

    def _explain_variation(self, **values):
        if not self.policy_id.product_xyz_months:
            return self.env._(
                "A usual month is %(cv)s times the mean away from it, over %(months)s "
                "full months. X: up to %(x)s, Y: up to %(y)s.",
                **values,
            )
        return self.env._(
            "A usual month is %(cv)s times the mean away from it, over %(months)s full "
            "months; those before the first sale count as months without one. X: up to "
            "%(x)s, Y: up to %(y)s.",
            **values,
        )

    def _explain_band(self):
        price = formatLang(self.env, self.list_price, currency_obj=self.currency_id)
        sentence = {
            "category": lambda: self.env._(
                "%(price)s, compared with the prices of %(category)s.",
                price=price,
                category=self.categ_id.display_name,
            ),
            "all": lambda: self.env._(
                "%(price)s, compared with the prices of all products.", price=price
            ),
            "limit": lambda: self.env._(
                "%(price)s, by the fixed prices of the policy.", price=price
            ),
            "alike": lambda: self.env._("All products have the same price."),
            "no_price": lambda: self.env._("It has no sales price."),
        }.get(self.band_reason)
        return sentence and sentence()

    def _explain_lifecycle(self):
        policy = self.policy_id
        values = {
            "first": format_date(self.env, self.first_sale_date),
            "last": format_date(self.env, self.last_sale_date),
            "days": policy.product_introduction_days,
            "end": policy.product_end_days,
            "trend": self._number(self.trend * 100),
            "before": self._compared_with(),
        }
        sentence = {
            "young": lambda **v: self.env._(
                "First sold on %(first)s, less than %(days)s days ago.", **v
            ),
            "no_sales": lambda **v: self.env._(
                "Last sold on %(last)s, more than %(end)s days ago.", **v
            ),
            "withdrawn": lambda **v: self.env._("Archived, or not for sale any more."),
            "not_sold": lambda **v: self.env._("It was never sold."),
            "few_sales": lambda **v: self.env._("Too few sales to tell a trend."),
        }.get(self.lifecycle_reason, self._explain_trend)
        return self.lifecycle_reason and sentence(**values)

    def _explain_trend(self, **values):
        if self.lifecycle_reason == "kept":
            return self.env._(
                "Sales differ by %(trend)s %% %(before)s: the trend has not clearly "
                "turned.",
                **values,
            )
        return self.env._("Sales differ by %(trend)s %% %(before)s.", **values)

    def _compared_with(self):
        """Return the basis of the trend as the end of a sentence."""
        if self.trend_is_seasonal:
            return self.env._("from the same months a year before")
        return self.env._("from the months before")
