from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class CustomerCode(models.Model):
    """Current or former code of a customer in a company.

    Each code belongs to one customer for ever, so that an old code still leads to its
    customer.
    """

    _name = "customer.code"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Customer Code"
    _order = "is_current desc, since desc, id desc"
    _rec_name = "code"
    _protected_fields = frozenset({"scheme_id", "number"})
    _fixed_fields = frozenset(
        {"partner_id", "company_id", "code", "is_current", "since", "until"}
    )
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    code = fields.Char(
        required=True, help="In capital letters: big and small ones are not told apart."
    )
    is_current = fields.Boolean(
        string="Current",
        default=True,
        help="The code that the customer has now; others are old ones.",
    )
    since = fields.Date(default=fields.Date.context_today)
    until = fields.Date(readonly=True)
    scheme_id = fields.Many2one(
        "customer.code.scheme",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The scheme that made the code; none where a person gave or imported it.",
    )
    number = fields.Integer(
        string="Running Number",
        readonly=True,
        aggregator=None,
        help="The number in the code, which the customer keeps when classes change.",
    )

    # A constraint, not an index: merging contacts looks for constraints alone.
    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)", "Another customer has this code already."
    )
    _code_prefix = models.Index("(code text_pattern_ops)")
    _one_current = models.UniqueIndex(
        "(partner_id, company_id) WHERE is_current IS TRUE",
        "A customer has one current code in a company.",
    )

    @api.constrains("code")
    def _check_code(self):
        if any(not one.code.strip() for one in self):
            raise ValidationError(self.env._("A customer code cannot be empty."))

    @api.model_create_multi
    def create(self, vals_list):
        """Create entered or imported codes.

        Taken ones are refused with a sentence, and the current code becomes an old one:
        three queries for any number.
        """
        self._check_all_values(vals_list)
        vals_list = [
            {
                "company_id": self.env.company.id,
                **vals,
                "code": self._normalized(vals.get("code")),
            }
            for vals in vals_list
        ]
        if not self.env.su:
            self._check_client_values(vals_list)
        self._check_taken((vals["company_id"], vals["code"]) for vals in vals_list)
        self._keep_last_current(vals_list)
        codes = super().create(vals_list)
        codes._check_days()
        return codes

    def write(self, vals):
        self.check_access("write")
        if not self.env.su:
            self._refuse_fixed(vals)
        if "code" in vals:
            vals = {**vals, "code": self._normalized(vals["code"])}
            companies = self.company_id.ids
            self._check_taken(((one, vals["code"]) for one in companies), but=self)
        if vals.get("is_current"):
            self._retire(
                [("partner_id", "in", self.partner_id.ids), ("id", "not in", self.ids)],
                self.company_id.ids,
            )
            vals = {**vals, "until": False}
        elif "is_current" in vals:
            vals = {**vals, "until": fields.Date.context_today(self)}
        return super().write(vals)

    def action_make_current(self):
        """Give customers an old code of theirs again.

        The one so far becomes an old one.
        """
        self.check_access("write")
        self.sudo().write({"is_current": True})

    @api.ondelete(at_uninstall=False)
    def _unlink_only_slips(self):
        """Refuse to delete codes, except fresh mistakes.

        A code leads to its customer for ever.
        """
        yesterday = fields.Datetime.now() - timedelta(days=1)
        if not self.env.su and self.filtered(
            lambda one: one.scheme_id or one.create_date < yesterday
        ):
            raise UserError(
                self.env._(
                    "Old codes still lead to their customer, so they are kept. Only a "
                    "code that somebody entered within the last day can be deleted."
                )
            )

    def _check_days(self):
        """Refuse days of new codes that no history has."""
        today = fields.Date.context_today(self) + timedelta(days=1)
        for one in self:
            days = [day for day in (one.since, one.until) if day]
            if days != sorted(days) or any(day > today for day in days):
                raise ValidationError(
                    self.env._(
                        "%s: a code ends after it began, and neither lies in the "
                        "future.",
                        one.code,
                    )
                )

    @api.model
    def _normalized(self, code):
        return code.strip().upper() if isinstance(code, str) else ""

    @api.model
    def _check_taken(self, pairs, but=None):
        """Refuse codes that are taken, or given twice.

        One query.
        """
        seen = set()
        for pair in pairs:
            if pair in seen:
                raise ValidationError(
                    self.env._(
                        "The code %s stands twice in what you enter or import.", pair[1]
                    )
                )
            seen.add(pair)
        for taken in self.sudo().search(
            [
                ("company_id", "in", [company for company, _code in seen]),
                ("code", "in", [code for _company, code in seen]),
                ("id", "not in", but.ids if but else []),
            ]
        ):
            if (taken.company_id.id, taken.code) in seen:
                raise ValidationError(taken.with_env(self.env)._taken_sentence())

    def _taken_sentence(self):
        """Name the customer with the code, for those who may know it."""
        if not self.has_access("read"):
            code = self.sudo().code
            return self.env._("The code %s is taken by another customer.", code)
        customer = self.partner_id
        if self.is_current:
            return self.env._(
                "The code %(code)s is taken: %(customer)s has it.",
                code=self.code,
                customer=customer.display_name,
            )
        return self.env._(
            "The code %(code)s is taken: %(customer)s had it until %(day)s, and old "
            "codes still lead to their customer.",
            code=self.code,
            customer=customer.display_name,
            day=fields.Date.to_string(self.until) or "",
        )

    @api.model
    def _keep_last_current(self, vals_list):
        """Keep only the last current code of each customer current."""
        owners = set()
        for vals in reversed(vals_list):
            owner = (vals.get("partner_id"), vals["company_id"])
            if not vals.get("is_current", True) or owner in owners:
                vals.update(is_current=False)
                vals.setdefault("until", fields.Date.context_today(self))
            else:
                owners.add(owner)
        for company in {company for _partner, company in owners}:
            partners = [one for one, its in owners if its == company and one]
            self._retire([("partner_id", "in", partners)], [company])

    @api.model
    def _retire(self, domain, companies):
        """Make the current codes of a domain old ones."""
        current = Domain(domain) & Domain(
            [("company_id", "in", companies), ("is_current", "=", True)]
        )
        self.sudo().search(current).write({"is_current": False})
        self.env.flush_all()

    @api.model
    def _pattern_of_prefix(self, text):
        """The pattern of codes that begin with a text."""
        escaped = self._normalized(text).replace("\\", r"\\")
        return escaped.replace("%", r"\%").replace("_", r"\_") + "%"
