from odoo import api, fields, models
from odoo.tools import SQL

from ..classified.classification_override_mixin import (
    ClassificationOverrideMixin as OverrideMixin,
)
from ..classified.kind import CUSTOMER
from .explanation import CLASS_COLUMNS
from .selections import RISK_SELECTION

# Axis: the field that holds the decided class.
CLASS_FIELDS = {
    "value_tier": "tier_id",
    "lifecycle_stage": "stage_id",
    "churn_risk": "risk",
}


class ClassificationOverride(models.Model):
    """A person's decision about a class of a customer."""

    _name = "classification.override"
    _inherit = "classification.override.mixin"
    _description = "Decided Class"
    _order = "end_date, id"
    _rec_name = "partner_id"
    _classified_kind = CUSTOMER
    _protected_fields = OverrideMixin._protected_fields | {
        *("from_tier_id", "from_stage_id", "from_risk"),
    }
    _fixed_fields = OverrideMixin._fixed_fields | {"partner_id"}
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    axis = fields.Selection(
        [
            ("value_tier", "Value tier"),
            ("lifecycle_stage", "Lifecycle stage"),
            ("churn_risk", "Churn risk"),
        ],
        string="What",
        required=True,
        default="value_tier",
    )
    tier_id = fields.Many2one("customer.value.tier", ondelete="restrict")
    stage_id = fields.Many2one("customer.lifecycle.stage", ondelete="restrict")
    risk = fields.Selection(RISK_SELECTION)
    from_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier by the Numbers Then",
        readonly=True,
        ondelete="restrict",
    )
    from_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage by the Numbers Then",
        readonly=True,
        ondelete="restrict",
    )
    from_risk = fields.Selection(
        RISK_SELECTION, string="Risk by the Numbers Then", readonly=True
    )
    decided_label = fields.Char(string="Decided", compute="_compute_labels")
    then_label = fields.Char(string="By the Numbers Then", compute="_compute_labels")
    now_label = fields.Char(string="By the Numbers Now", compute="_compute_labels")

    earlier_ids = fields.One2many("classification.override")

    @api.model
    def _class_fields(self):
        return CLASS_FIELDS

    @api.depends("partner_id", "axis", "tier_id", "stage_id", "risk", "company_id")
    @api.depends_context("lang")
    def _compute_labels(self):
        """Compute the names of the decided, then computed and current classes.

        One query for the profiles.
        """
        risks = dict(self._fields["risk"]._description_selection(self.env))
        profiles = self._profiles()
        for decision in self:
            profile = profiles.get((decision.partner_id, decision.company_id))
            decision.decided_label, decision.then_label, decision.now_label = (
                classes.get(decision.axis) or "-"
                for classes in (
                    decision._names(risks, "tier_id", "stage_id", "risk"),
                    decision._names(
                        risks, "from_tier_id", "from_stage_id", "from_risk"
                    ),
                    profile._shadow_names(risks)
                    if profile
                    else dict.fromkeys(CLASS_FIELDS),
                )
            )

    def _names(self, risks, tier, stage, risk):
        """``{axis: name}`` of the classes in three fields."""
        return {
            "value_tier": self[tier].name,
            "lifecycle_stage": self[stage].name,
            "churn_risk": risks.get(self[risk]),
        }

    @api.model
    def _completed_for_create(self, vals_list):
        """Complete the values with the customer and the computed classes of today.

        The customer is the commercial partner of a contact. One query for the contacts,
        one for the profiles.
        """
        vals_list = super()._completed_for_create(vals_list)
        partners = self.env["res.partner"].browse(
            [vals["partner_id"] for vals in vals_list]
        )
        drafts = self.browse()
        for vals, partner in zip(vals_list, partners, strict=True):
            customer = partner.commercial_partner_id or partner
            drafts += self.new({**vals, "partner_id": customer.id})
        profiles = drafts._profiles()
        return [
            {
                **self._numbers_then(
                    profiles.get((draft.partner_id._origin, draft.company_id._origin))
                ),
                **vals,
                "partner_id": draft.partner_id.id,
            }
            for vals, draft in zip(vals_list, drafts, strict=True)
        ]

    @api.model
    def _number_fields(self):
        return ("from_tier_id", "from_stage_id", "from_risk")

    def _numbers_now(self):
        profiles = self._profiles()
        return {
            one: self._numbers_then(profiles.get((one.partner_id, one.company_id)))
            for one in self
        }

    @api.model
    def _numbers_then(self, profile):
        if not profile:
            return {}
        return {
            "from_tier_id": profile.shadow_tier_id.id,
            "from_stage_id": profile.shadow_stage_id.id,
            "from_risk": profile.shadow_risk,
        }

    def _apply(self):
        """Recompute these customers, so that the decision is seen at once."""
        for company, decisions in self.grouped("company_id").items():
            policy = company.sudo()._get_customer_policy().with_env(self.env)
            if policy:
                policy.recompute(partner_ids=decisions.partner_id.ids)

    # Queries of runs

    @api.model
    def _decided(self, company, as_of_date):
        """Return the decisions in force, and the classes shown because of them.

        One query.

        :return: two frames by customer with the engine's codes for the three axes:
            decisions in force on the day, 0 where there is none; and the classes
            shown so far of the customers who had a decision
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, axis, tier_id, stage_id, risk
                  FROM (SELECT DISTINCT ON (partner_id, axis) *
                          FROM classification_override
                         WHERE company_id = %(company)s AND status <> 'ended'
                           AND start_date <= %(day)s AND end_date >= %(day)s
                         ORDER BY partner_id, axis, id DESC) decided
                 UNION ALL
                SELECT partner_id, NULL, value_tier_id, lifecycle_stage_id, churn_risk
                  FROM customer_profile
                 WHERE company_id = %(company)s AND is_overridden IS TRUE
                """,
                company=company.id,
                day=as_of_date,
            )
        )
        decided, shown = {}, {}
        for partner, axis, *classes in rows:
            codes = self._codes(*classes)
            if axis:
                row = decided.setdefault(partner, dict.fromkeys(CLASS_FIELDS, 0))
                row[axis] = codes[axis]
            else:
                shown[partner] = codes
        return self._frame(decided), self._frame(shown)

    @api.model
    def _ends_by_axis(self, company, as_of_date, index):
        """Return ``{axis: last days of decisions in force}``, NaT for none.

        One query.

        :param index: ids of the customers, in their order
        """
        import pandas as pd

        days = {axis: {} for axis in ("value_tier", "lifecycle_stage")}
        ends = self._ends(company, as_of_date, axis=list(days))
        for (partner, axis), end in ends.items():
            days[axis][partner] = end
        return {
            axis: pd.Series(found, dtype="datetime64[s]").reindex(index).to_numpy()
            for axis, found in days.items()
        }

    @api.model
    def _ends(self, company, day, **names):
        """Return ``{(customer id, axis): last day}`` of decisions in force.

        One query.

        :param names: values, or lists of them, of fields that the decisions have
        """
        found = self._read_group(
            [
                *((name, "in", value) for name, value in names.items()),
                *(("company_id", "=", company.id), ("status", "!=", "ended")),
                *(("start_date", "<=", day), ("end_date", ">=", day)),
            ],
            ["partner_id", "axis", "end_date:day"],
            order="id:max",
        )
        return {(partner.id, axis): end for partner, axis, end in found}

    @api.model
    def _codes(self, tier, stage, risk):
        """``{axis: code of the engine}`` of ids and words from the database."""
        stages = self.env["classification.run"]._stage_ids()
        risks = (False, *(code for code, __ in RISK_SELECTION))
        return {
            "value_tier": tier or 0,
            "lifecycle_stage": stages.index(stage or 0),
            "churn_risk": risks.index(risk or False),
        }

    @api.model
    def _frame(self, rows):
        import pandas as pd

        columns = [*CLASS_FIELDS]
        frame = pd.DataFrame(list(rows.values()), list(rows), columns=columns)
        return frame.astype("int64")

    @api.model
    def _status_classes(self):
        then = {axis: f"from_{name}" for axis, name in CLASS_FIELDS.items()}
        now = {axis: shadow for axis, (__, shadow) in CLASS_COLUMNS.items()}
        return {
            "now": self._class_sql("f", now),
            "then": self._class_sql("o", then),
            "decided": self._class_sql("o", CLASS_FIELDS),
        }
