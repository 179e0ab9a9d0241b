from odoo import fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.profiling import OBJECTING
from ..customer.selections import RISK_SELECTION


class ClassificationTagReport(models.Model):
    """Customers by contact tag: a row a tag, contact and company.

    A contact counts with the numbers of its customer; sums count a customer once,
    whatever the number of its contacts and tags.
    """

    _name = "classification.tag.report"
    _inherit = "classification.counted.once.mixin"
    _description = "Tags of Customers"
    _auto = False
    _order = "id"
    _counted_by = ("customer_id", "company_id")
    _counted_once = frozenset(("revenue", "order_count"))

    tag_id = fields.Many2one("res.partner.category", string="Tag", readonly=True)
    top_tag_id = fields.Many2one(
        "res.partner.category", string="Top of the Tree", readonly=True
    )
    tag_type = fields.Selection(related="tag_id.tag_type", string="Type")
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    customer_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        aggregator="count_distinct",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    value_tier_id = fields.Many2one("customer.value.tier", readonly=True)
    lifecycle_stage_id = fields.Many2one("customer.lifecycle.stage", readonly=True)
    churn_risk = fields.Selection(RISK_SELECTION, readonly=True)
    revenue = fields.Monetary(readonly=True, groups=MONEY_GROUP)
    order_count = fields.Integer(string="Orders", readonly=True)
    origin = fields.Selection(
        [("person", "A person"), ("rule", "A rule"), ("import", "An import")],
        string="Given By",
        readonly=True,
    )
    given_date = fields.Date(
        string="Given On", readonly=True, help="Empty where it is not known."
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT row_number() OVER (ORDER BY r.category_id, r.partner_id, f.id) AS id,
                   r.category_id AS tag_id,
                   split_part(t.parent_path, '/', 1)::int AS top_tag_id,
                   r.partner_id, c.commercial_partner_id AS customer_id, f.company_id,
                   f.value_tier_id, f.lifecycle_stage_id, f.churn_risk,
                   f.revenue, f.order_count,
                   COALESCE(l.origin, 'person') AS origin,
                   l.write_date::date AS given_date
              FROM res_partner_res_partner_category_rel r
              JOIN res_partner_category t ON t.id = r.category_id
              JOIN res_partner c ON c.id = r.partner_id
              LEFT JOIN customer_profile f ON f.partner_id = c.commercial_partner_id
              LEFT JOIN classification_tag_link l
                ON l.partner_tag_id = r.category_id AND l.partner_id = r.partner_id
               AND l.state = 'present'
             WHERE c.active AND c.id NOT IN %(objecting)s
               AND (c.commercial_partner_id IN %(objecting)s) IS NOT TRUE
            """,
            objecting=OBJECTING,
        )
