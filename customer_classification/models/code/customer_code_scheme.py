from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...engine.customers import customer_codes
from ..common.called_records import check_one
from ..common.classification_condition_mixin import guarded
from ..common.classification_reason_mixin import kept_reason_field, refusal

SAMPLE_SIZE = 5


class CustomerCodeScheme(models.Model):
    """Scheme of the codes of a company's customers."""

    _name = "customer.code.scheme"
    _inherit = [
        "classification.bounds.mixin",
        "classification.protected.mixin",
        "classification.reason.mixin",
    ]
    _description = "Scheme of Customer Codes"
    _order = "company_id, sequence, id"
    _protected_fields = frozenset(["error_reason"])

    name = fields.Char(required=True, translate=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        index=True,
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10, help="The first scheme that is for a customer gives the code."
    )
    applies_to = fields.Selection(
        [("all", "All Customers"), ("company", "Companies"), ("person", "Persons")],
        string="For",
        required=True,
        default="all",
    )
    segment_ids = fields.One2many(
        "customer.code.segment", "scheme_id", string="Segments", copy=True
    )
    separator = fields.Char(
        size=1,
        default="-",
        help="Between the segments: one that is no digit or letter, or nothing.",
    )
    has_check_character = fields.Boolean(
        string="Check Character",
        help="Ends each code with the check character of ISO 7064, MOD 37,36: a "
        "mistyped code is found out.",
    )
    policy = fields.Selection(
        [
            ("once", "Assigned once"),
            ("follow", "Follows the classes"),
        ],
        string="When Classes Change",
        required=True,
        default="once",
        help="Assigned once: a customer keeps the first code. Follows the classes: the "
        "code is made anew when a class changes, with the same running number, and "
        "the one so far becomes an old code.",
    )
    next_number = fields.Integer(default=1, required=True, copy=False, aggregator=None)
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Rests",
        compute="_compute_told_reason",
        search="_search_told_reason",
        help="A scheme that fails gives no codes; those that are there stay.",
    )
    code_count = fields.Integer(compute="_compute_code_count", string="Codes")
    preview = fields.Text(
        compute="_compute_preview",
        help="What the codes of some customers would be, with the next numbers.",
    )

    _next_number_positive = models.Constraint(
        "CHECK(next_number > 0)", "The next running number must be above zero."
    )

    @api.model
    def _bounds(self):
        return {"next_number": (1, 2_000_000_000)}

    @api.constrains("name", "segment_ids", "separator")
    def _check_scheme(self):
        for scheme in self:
            if scheme.segment_ids.mapped("kind").count("number") != 1:
                raise ValidationError(
                    self.env._(
                        "A scheme needs one running number: without it, two customers "
                        "of the same classes would have the same code."
                    )
                )
            if scheme.separator and customer_codes.letters(scheme.separator):
                raise ValidationError(
                    self.env._("The separator cannot be a digit or a letter.")
                )

    def _compute_code_count(self):
        """Customers whose current code comes from each scheme: one query."""
        counts = dict(
            self.env["customer.code"]._read_group(
                [("scheme_id", "in", self.ids), ("is_current", "=", True)],
                ["scheme_id"],
                ["__count"],
            )
        )
        for scheme in self:
            scheme.code_count = counts.get(scheme, 0)

    @api.depends(
        "segment_ids.kind",
        "segment_ids.width",
        "segment_ids.padding",
        "segment_ids.text",
        "segment_ids.sequence",
        "separator",
        "has_check_character",
        "applies_to",
        "company_id",
        "next_number",
    )
    def _compute_preview(self):
        """Codes of the best customers, as if they came next."""
        for scheme in self:
            try:
                with guarded(self.env, scheme._failed):
                    scheme.preview = "\n".join(scheme._sample_lines())
            except UserError as error:
                scheme.preview = error.args[0]

    def _failed(self):
        return refusal(ValidationError, self.env, "no_codes")

    def _sample_lines(self):
        """Return the lines of a preview, of customers that the user may read."""
        if self.company_id not in self.env.companies:
            return []
        customers = self.env["customer.code.assignment"]._sample(
            self.company_id, self.applies_to, SAMPLE_SIZE
        )
        partners = self.env["res.partner"].browse(one.id for one in customers)
        names = {
            partner.id: partner.display_name
            for partner in partners._filtered_access("read")
        }
        recipe = self._recipe()
        shown = [customer for customer in customers if customer.id in names]
        return [
            f"{recipe.code(customer.words, self.next_number + place)}  "
            f"{names[customer.id]}"
            for place, customer in enumerate(shown)
        ]

    def _recipe(self):
        """Return the composition of the codes for the engine."""
        return customer_codes.Recipe(
            self.segment_ids._plain(), self.separator or "", self.has_check_character
        )

    def _take_numbers(self, count, skip=0):
        """Return the next numbers, without the skipped ones.

        One query.
        """
        self.ensure_one()
        self.flush_recordset(["next_number"])
        self.env.cr.execute(
            SQL(
                "UPDATE customer_code_scheme SET next_number = next_number + %s"
                " WHERE id = %s RETURNING next_number",
                count + skip,
                self.id,
            )
        )
        [end] = self.env.cr.fetchone()
        self.invalidate_recordset(["next_number"])
        return range(end - count, end)

    def action_assign(self):
        """Preview the assignment of codes to all customers."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_code_assign_action"
        )
        return {**action, "context": {"default_company_id": self.company_id.id}}

    def action_open_codes(self):
        """Open the codes of this scheme."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_code_action"
        )
        return {**action, "domain": [("scheme_id", "=", self.id)]}
