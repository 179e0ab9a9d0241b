from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

DEFAULT_DAYS = 90


class ClassificationOverrideMixin(models.AbstractModel):
    """A person's decision about a class: which, why, until when.

    Runs never overwrite it. They go on computing what the numbers say (the *shadow*)
    and tell, by the status, of decisions that end or that the numbers left behind.
    A model of decisions says whom it is about by ``_subject``, has an ``axis``, a
    field for the class on each, and shows what was decided by ``_apply``.
    """

    _name = "classification.override.mixin"
    _inherit = "classification.access.mixin"
    _description = "Decision About a Class"

    # Name of the field with the customer or product.
    _subject = None

    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    reason = fields.Text(required=True, help="Why the numbers are not right here.")
    start_date = fields.Date(
        string="Since", required=True, readonly=True, default=fields.Date.context_today
    )
    end_date = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self._default_end_date(),
        help="Last day. After it the numbers decide again.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Decided By",
        readonly=True,
        default=lambda self: self.env.user,
    )
    ended_date = fields.Datetime(string="Ended On", readonly=True)
    ended_by_id = fields.Many2one("res.users", string="Ended By", readonly=True)
    status = fields.Selection(
        [
            ("active", "In force"),
            ("expiring", "Ends soon"),
            ("agrees", "The numbers agree by now"),
            ("unsupported", "The numbers moved since"),
            ("ended", "Ended"),
        ],
        required=True,
        readonly=True,
        default="active",
        index=True,
    )

    @api.model
    def _default_end_date(self):
        return fields.Date.context_today(self) + timedelta(days=DEFAULT_DAYS)

    @api.model
    def _class_fields(self):
        """``{axis: name of the field with the decided class}``."""
        raise NotImplementedError

    def _apply(self):
        """Show at once what was decided, or what the numbers say after it."""
        raise NotImplementedError

    @api.constrains(lambda self: self._class_constrained())
    def _check_class(self):
        names = self._class_fields()
        for decision in self:
            if not decision[names[decision.axis]]:
                raise ValidationError(self.env._("Choose the class that you decide."))

    @api.model
    def _class_constrained(self):
        return ("axis", *self._class_fields().values()) if self._subject else ()

    @api.constrains("start_date", "end_date")
    def _check_end_date(self):
        for decision in self:
            if decision.end_date < decision.start_date:
                raise ValidationError(
                    self.env._("A decision cannot end before the day it is made.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Decide, in place of earlier decisions on the same, and show it at once."""
        decisions = super().create(self._complete(vals_list))
        decisions._earlier_ones()._end()
        decisions._apply()
        return decisions

    @api.model
    def _complete(self, vals_list):
        """The values with what the numbers say today."""
        return vals_list

    def write(self, vals):
        result = super().write(vals)
        names = {"axis", "end_date", self._subject, *self._class_fields().values()}
        if names & set(vals):
            self._apply()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "A decision explains past classes. End it instead of deleting it."
            )
        )

    def _earlier_ones(self):
        """Decisions in force on the same axis of the same subjects: one query."""
        name = self._subject
        found = self.search(
            [
                ("id", "not in", self.ids),
                (name, "in", self[name].ids),
                ("company_id", "in", self.company_id.ids),
                ("status", "!=", "ended"),
            ]
        )
        keys = {(d[name], d.company_id, d.axis) for d in self}
        return found.filtered(lambda d: (d[name], d.company_id, d.axis) in keys)

    def _end(self):
        self.sudo().write(
            {
                "status": "ended",
                "ended_date": fields.Datetime.now(),
                "ended_by_id": self.env.uid,
            }
        )

    def action_end(self):
        """Let the numbers decide again, from now on."""
        self.check_access("write")
        self._end()
        self._apply()
