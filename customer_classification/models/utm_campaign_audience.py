import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .called_records import check_one
from .classification_condition import Condition
from .profiling import NOT_OBJECTING, OBJECTING
from .res_partner import USER_GROUP

TARGETS = frozenset(
    ("campaign_target_tier_ids", "campaign_target_stage_ids", "company_id")
    + ("campaign_target_tag_ids", "campaign_target_domain", "campaign_audience_mode")
)


class UtmCampaign(models.Model):
    """Whom a campaign is for: who is meant, who was chosen, and who is left out to
    see what would have happened anyway."""

    # One file for each idea of a campaign.
    _name = "utm.campaign"
    _inherit = [
        "utm.campaign",
        "classification.condition.mixin",
        "classification.protected.mixin",
    ]
    _condition_person = "campaign_targeted_by_id"
    _condition_texts = ("campaign_target_domain",)
    _condition_fields = TARGETS
    _condition_facts = frozenset(["campaign_error"])

    campaign_target_tier_ids = fields.Many2many(
        "customer.value.tier",
        relation="utm_campaign_target_tier_rel",
        column1="campaign_id",
        column2="tier_id",
        string="Target Tiers",
    )
    campaign_target_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        relation="utm_campaign_target_stage_rel",
        column1="campaign_id",
        column2="stage_id",
        string="Target Stages",
    )
    campaign_target_tag_ids = fields.Many2many(
        "res.partner.category",
        relation="utm_campaign_target_tag_rel",
        column1="campaign_id",
        column2="tag_id",
        string="Target Tags",
        help="Customers with one of these tags, or with one below it.",
    )
    campaign_target_domain = fields.Char(
        string="Target Filter",
        help="Further conditions on the contact; all of them must hold.",
    )
    campaign_targeted_by_id = fields.Many2one(
        "res.users",
        string="Targets Looked At By",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        help="Who said last whom the campaign is for. The targets are the customers "
        "whom this person may read.",
    )
    campaign_error = fields.Char(
        string="Why Nobody Joins",
        copy=False,
        readonly=True,
        help="A filter that cannot be used chooses nobody.",
    )
    campaign_audience_mode = fields.Selection(
        [("frozen", "Frozen"), ("live", "Live")],
        string="Audience",
        default="frozen",
        required=True,
        help="Frozen: who was chosen once. Live: every night who has come to belong to "
        "the targets joins, until the campaign ends. Nobody ever leaves.",
    )
    campaign_control_share = fields.Float(
        string="Control Group (%)",
        digits=(5, 1),
        help="So many of a hundred customers are left out, by chance and in each value "
        "tier alike: what they buy all the same shows what the campaign did. 0: no "
        "control group.",
        aggregator=None,
    )
    campaign_salt = fields.Char(
        string="Chance",
        default=lambda self: uuid.uuid4().hex,
        copy=False,
        readonly=True,
        help="Decides who is in the control group, each campaign for itself.",
    )
    campaign_participant_ids = fields.One2many(
        "campaign.participant", "campaign_id", string="Participants"
    )
    campaign_listed_count = fields.Integer(
        string="Customers Listed",
        compute="_compute_campaign_listed_count",
        groups=USER_GROUP,
        help="Who stands in the list of participants, the control group included.",
    )
    campaign_audience_count = fields.Integer(
        string="Customers Meant",
        compute="_compute_campaign_audience_count",
        help="As who set the targets sees them.",
    )
    campaign_can_read_targets = fields.Boolean(
        compute="_compute_campaign_can_read_targets",
        help="Whether the user may read all that the target filter asks for.",
    )

    @api.constrains("campaign_control_share")
    def _check_campaign_control_share(self):
        for campaign in self:
            if not 0 <= campaign.campaign_control_share <= 50:
                raise ValidationError(
                    self.env._("The control group can be 0 to 50 % of the audience.")
                )

    @api.constrains(*TARGETS)
    def _check_campaign_target_domain(self):
        for campaign in self:
            if campaign._campaign_has_filter():
                campaign._campaign_condition(self._condition_root).try_out()

    def _check_condition_rights(self):
        for campaign in self:
            if campaign._campaign_has_filter():
                campaign._campaign_condition(self.env.user).check_rights()

    @api.depends("campaign_participant_ids")
    def _compute_campaign_listed_count(self):
        """One query."""
        counts = dict(
            self.env["campaign.participant"]._read_group(
                [("campaign_id", "in", self.ids)], ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.campaign_listed_count = counts.get(campaign._origin, 0)

    # Who is meant

    def _condition_taken(self):
        return super()._condition_taken() | {"campaign_error": False}

    def _campaign_has_filter(self):
        """Whether the filter says anything, were it nonsense."""
        return (self.campaign_target_domain or "[]").strip() != "[]"

    def _campaign_condition(self, person=None):
        """The filter as a :class:`Condition`.

        :param person: who looks; by default who set the targets
        :raises AccessError: that person may not work there any more
        """
        self.ensure_one()
        label = self.title or self.env._("Target Filter")
        company = self._campaign_company()
        partners = self._condition_eyes("res.partner", company, label, person)
        text = self.campaign_target_domain
        # Archived contacts are in no audience.
        partners = partners.with_context(active_test=True)
        return Condition(partners, text, label, NOT_OBJECTING)

    def _campaign_audience_condition(self, person=None):
        """The :class:`Condition` of the contacts who are meant: those who hold to all
        of tiers, stages, tags and filter. Nobody, where nothing is said at all.

        :param person: who looks; by default who set the targets
        """
        condition = self._campaign_condition(person)
        condition.check()
        condition.rewrite(lambda domain, __: self._campaign_audience_domain(domain))
        return condition

    def _campaign_audience_domain(self, extra):
        parts = [
            Domain(name, operator, records.ids)
            for name, operator, records in (
                ("customer_value_tier_id", "in", self.campaign_target_tier_ids),
                ("customer_lifecycle_stage_id", "in", self.campaign_target_stage_ids),
                ("category_id", "child_of", self.campaign_target_tag_ids),
            )
            if records
        ]
        if not extra.is_true():
            parts.append(extra)
        return Domain.AND(parts) if parts else Domain.FALSE

    def _campaign_company(self):
        """The company for which participants are noted."""
        self.ensure_one()
        return self.company_id or self.env.company

    def _campaign_audience(self):
        """The contacts who are meant, as who set the targets sees them.

        :raises UserError: the filter cannot be used
        """
        with self._campaign_audience_condition().guarded() as condition:
            found = condition.records.search(condition.searched(), order="id")
        return self.env["res.partner"].browse(found.ids)

    @api.depends(*sorted(TARGETS - {"campaign_audience_mode"}))
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_campaign_audience_count(self):
        """Customers who are meant: one query a campaign, for the one on the form.

        Counted as who set the targets sees them, for who may read what the filter asks
        for; targets that are not saved yet as the user sees them.
        """
        for campaign in self:
            try:
                campaign.campaign_audience_count = campaign._count_audience()
            except UserError:
                campaign.campaign_audience_count = 0

    @api.depends("campaign_target_domain")
    @api.depends_context("uid")
    def _compute_campaign_can_read_targets(self):
        for campaign in self:
            campaign.campaign_can_read_targets = campaign._can_read_targets()

    def _can_read_targets(self):
        """A filter that nobody can read hides nothing."""
        try:
            self._campaign_condition(self.env.user).check_rights()
        except AccessError:
            return False
        except ValidationError:
            return True
        return True

    def _count_audience(self):
        """Number of customers who are meant; 0 for who may not read the filter.

        :raises UserError: the filter cannot be used
        """
        if not self._can_read_targets():
            return 0
        person = self.campaign_targeted_by_id if self.id else self.env.user
        with self._campaign_audience_condition(person).guarded() as condition:
            [(count,)] = condition.records._read_group(
                condition.searched(), [], ["commercial_partner_id:count_distinct"]
            )
        return count

    # Who is chosen

    def action_choose_audience(self):
        """Make the customers who are meant participants, and draw the control
        group."""
        check_one(self)
        self._check_campaign_audience_access("create")
        self._campaign_condition(self.env.user).check_rights()
        partners = self._campaign_audience()
        if not partners:
            raise UserError(
                self.env._(
                    "Nobody is meant. Say whom the campaign is for by tiers, stages, "
                    "tags or a filter."
                )
            )
        self.sudo().campaign_error = False
        count = self._add_campaign_audience(partners)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s customers were added.", count),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _add_campaign_audience(self, partners, addressed_date=False):
        """Make customers participants of a campaign, some of them as its control
        group; return how many were not yet. Two queries.

        The control group has its share in each value tier: who is in it follows from
        a hash of the customer and the campaign, so that chance decides, and the same
        way again. Who takes part already stays as he is.

        :param partners: contacts stand for their commercial partners
        :param addressed_date: day on which those who are not left out were addressed
        """
        self._check_campaign_audience_access("create")
        participants = self.env["campaign.participant"]
        self.env.flush_all()
        company = self._campaign_company()
        self.env.cr.execute(
            SQL(
                _ADD_AUDIENCE,
                campaign=self.id,
                company=company.id,
                owners=company.sudo().parent_ids.ids,
                user=self.env.uid,
                partners=partners.ids,
                objecting=OBJECTING,
                salt=f"{self.campaign_salt or ''}{self.id}",
                share=self.campaign_control_share / 100,
                day=addressed_date or None,
            )
        )
        count = self.env.cr.rowcount
        participants.invalidate_model()
        self.invalidate_recordset(["campaign_participant_ids"])
        return count

    def _refresh_live_audiences(self, company, day):
        """Let those join who have come to belong to the targets of a live campaign: a
        few queries for each such campaign that is under way."""
        live = self.sudo().search(
            [
                ("campaign_audience_mode", "=", "live"),
                ("company_id", "in", (company.id, False)),
                ("campaign_start_date", "<=", day),
                "|",
                ("campaign_end_date", "=", False),
                ("campaign_end_date", ">=", day),
            ]
        )
        for campaign in live.with_company(company):
            if campaign.company_id or campaign._is_targeted_in(company):
                campaign._refresh_live_audience()

    def _is_targeted_in(self, company):
        """Whether who set the targets of a campaign of all companies works in one."""
        person = self.campaign_targeted_by_id
        return self.env(user=person.id or self.env.uid).su or (
            company in person.company_ids
        )

    def _refresh_live_audience(self):
        """Let those join who are meant; say on the form why nobody can."""
        words = self.with_context(lang=self.campaign_targeted_by_id.lang)
        try:
            partners = words._campaign_audience()
        except UserError as error:
            self._set_campaign_error(error.args[0])
            return
        self._set_campaign_error(False)
        if partners:
            self._add_campaign_audience(partners)

    def _set_campaign_error(self, reason):
        """Say why nobody joins; once to who set the targets, too."""
        if (self.campaign_error or False) == reason:
            return
        self.campaign_error = reason
        user = self.campaign_targeted_by_id
        if reason and user.active:
            campaign = self.with_context(lang=user.lang)
            self.env["mail.thread"].sudo().message_notify(
                partner_ids=user.partner_id.ids,
                subject=campaign.env._("Nobody joins the campaign %s", self.title),
                body=reason,
                model=self._name,
                res_id=self.id,
            )

    def _check_campaign_audience_access(self, operation):
        """Check that the user may change participants in the company of a campaign."""
        self.ensure_one()
        self.check_access("read")
        self.env["campaign.participant"].check_access(operation)
        company = self._campaign_company()
        if not self.env.su and company not in self.env.companies:
            raise AccessError(
                self.env._(
                    "The campaign is one of %s. Switch to that company first.",
                    company.sudo().name,
                )
            )

    def action_note_addressed(self):
        """Note for the whole audience but the control group that it is addressed
        today, where no day stands yet: one query.

        Of customers whom the user may not read, nothing is noted.
        """
        check_one(self)
        self._check_campaign_audience_access("write")
        participants = self.env["campaign.participant"]
        self.env.flush_all()
        own = participants._search([("campaign_id", "=", self.id)])
        today = fields.Date.context_today(self)
        self.env.cr.execute(
            SQL(
                """
                UPDATE campaign_participant
                   SET addressed_date = %(today)s, write_uid = %(user)s,
                       write_date = now() AT TIME ZONE 'UTC'
                 WHERE campaign_id = %(campaign)s AND company_id = %(company)s
                   AND addressed_date IS NULL AND is_control IS NOT TRUE AND is_entered
                   AND id IN %(own)s
                """,
                own=own.subselect(),
                today=today,
                user=self.env.uid,
                campaign=self.id,
                company=self._campaign_company().id,
            )
        )
        participants.invalidate_model()
        return True


# In each tier, as many of the newcomers are left out as are missing to its share. By
# the order of the hashes, not by a limit on them: in small tiers the share would be
# left to chance.
_ADD_AUDIENCE = """
    WITH customer AS (
        SELECT DISTINCT p.commercial_partner_id AS id
          FROM res_partner p
         WHERE p.id = ANY(%(partners)s) AND p.commercial_partner_id IS NOT NULL
           AND (p.company_id IS NULL OR p.company_id = ANY(%(owners)s))
           AND p.id NOT IN %(objecting)s
           AND p.commercial_partner_id NOT IN %(objecting)s
    ), member AS (
        SELECT customer.id, COALESCE(f.value_tier_id, 0) AS tier, m.is_control,
               m.id IS NULL AS is_new, md5(%(salt)s || ':' || customer.id) AS chance
          FROM customer
          LEFT JOIN customer_profile f
            ON f.partner_id = customer.id AND f.company_id = %(company)s
          LEFT JOIN campaign_participant m
            ON m.partner_id = customer.id AND m.campaign_id = %(campaign)s
           AND m.company_id = %(company)s
    ), tier AS (
        SELECT tier, round(count(*) * %(share)s) - count(*) FILTER (WHERE is_control)
                     AS missing
          FROM member GROUP BY tier
    )
    INSERT INTO campaign_participant
           (campaign_id, company_id, partner_id, contact_id, source, is_entered,
            is_control, addressed_date, create_uid, write_uid, create_date, write_date)
    SELECT %(campaign)s, %(company)s, placed.id, placed.id, 'audience', TRUE,
           placed.is_control, CASE WHEN NOT placed.is_control THEN %(day)s::date END,
           %(user)s, %(user)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (SELECT member.id,
                   row_number() OVER (PARTITION BY tier ORDER BY chance, member.id)
                       <= tier.missing AS is_control
              FROM member JOIN tier USING (tier)
             WHERE is_new) placed
        ON CONFLICT (campaign_id, company_id, partner_id) DO NOTHING
"""
