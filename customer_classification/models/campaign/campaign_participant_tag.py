from odoo import fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP

# A row is numbered by its participant and its tag; below 2^53, exact in JavaScript.
TAG_BITS = 20


class CampaignParticipantTag(models.Model):
    """Results of campaigns by the participants' tags at the first touch.

    The current tags, without those given since and with those
    taken away since. A participant with two tags has two rows, and counts once in sums.
    """

    _name = "campaign.participant.tag"
    _inherit = "classification.counted.once.mixin"
    _description = "Campaign by Tags"
    _auto = False
    _order = "campaign_id, tag_id, id"
    _rec_name = "tag_id"
    _counted_by = ("participant_id",)
    _counted_once = frozenset(("conversion", "lead_count", "order_count", "revenue"))
    _added_within = {"order_count": "campaign_id"}
    _depends = {
        "campaign.participant": [
            *("campaign_id", "company_id", "partner_id", "is_control"),
            *("first_touch_date", "is_converted", "is_new", "is_won_back"),
            *("lead_count", "order_count", "revenue", "create_date"),
        ],
        "classification.tag.change": ["partner_id", "partner_tag_id", "action"],
        "res.partner": ["category_id"],
    }

    participant_id = fields.Many2one(
        "campaign.participant", readonly=True, aggregator="count_distinct"
    )
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tag_id = fields.Many2one("res.partner.category", readonly=True)
    is_control = fields.Boolean(string="Control Group", readonly=True)
    is_converted = fields.Boolean(string="Bought", readonly=True)
    conversion = fields.Float(
        string="Conversion (%)", readonly=True, digits=(5, 1), aggregator="avg"
    )
    is_new = fields.Boolean(string="New Customer", readonly=True)
    is_won_back = fields.Boolean(string="Won Back", readonly=True)
    lead_count = fields.Integer(
        string="Leads", readonly=True, help="Leads and opportunities, also lost ones."
    )
    order_count = fields.Integer(string="Orders", readonly=True)
    revenue = fields.Monetary(readonly=True, groups=MONEY_GROUP)

    @property
    def _table_query(self):
        return SQL(
            """
            WITH moment AS (
                SELECT p.*, COALESCE(p.first_touch_date + 1, p.create_date) AS moment
                  FROM campaign_participant p
            ), tagged AS (
                SELECT m.id, r.category_id AS tag
                  FROM moment m
                  JOIN res_partner_res_partner_category_rel r
                    ON r.partner_id = m.partner_id
                 UNION
                SELECT m.id, c.partner_tag_id
                  FROM moment m
                  JOIN classification_tag_change c
                    ON c.partner_id = m.partner_id AND c.create_date > m.moment
                   AND c.partner_tag_id IS NOT NULL
            )
            SELECT (m.id::bigint << %s) + t.tag AS id, m.id AS participant_id,
                   m.campaign_id, m.company_id, m.partner_id, t.tag AS tag_id,
                   m.is_control, m.is_converted,
                   CASE WHEN m.is_converted THEN 100 ELSE 0 END AS conversion,
                   m.is_new, m.is_won_back, m.lead_count, m.order_count, m.revenue
              FROM tagged t
              JOIN moment m ON m.id = t.id
              LEFT JOIN LATERAL (
                    SELECT c.action
                      FROM classification_tag_change c
                     WHERE c.partner_id = m.partner_id AND c.partner_tag_id = t.tag
                       AND c.create_date > m.moment
                     ORDER BY c.id LIMIT 1) since ON TRUE
             WHERE COALESCE(since.action, 'removed') = 'removed'
            """,
            TAG_BITS,
        )
