from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...models.common.called_records import check_one


class ClassificationHistoryWizard(models.TransientModel):
    """Asks for the day on which customers are to be seen."""

    _name = "classification.history.wizard"
    _inherit = "classification.bounds.mixin"
    _description = "Choose a Day of the Past"

    date = fields.Date(
        string="Customers As Of",
        required=True,
        default=lambda self: self._today(),
        help="The classes that hold at the end of this day.",
    )
    known_date = fields.Date(
        string="As Known On",
        help="Leave empty for today's knowledge. With a day, corrections that were "
        "recorded after it do not count: you see what was believed on that day.",
    )
    hint = fields.Char(compute="_compute_hint")

    @api.model
    def _today(self):
        return self.env["classification.history"]._today()

    @api.depends_context("allowed_company_ids", "lang")
    def _compute_hint(self):
        self.hint = self._hint()

    @api.model
    def _hint(self):
        """From which day on there is something to see."""
        first = self.env["classification.history"]._first_day()
        if not first:
            return self.env._(
                "Nobody has been classified yet. Recompute the classes first: from "
                "then on, every change is kept."
            )
        return self.env._(
            "The first classes are from %s. Choose that day or a later one.",
            fields.Date.to_string(first),
        )

    @api.constrains("date", "known_date")
    def _check_not_ahead(self):
        today = self._today()
        for wizard in self:
            ahead = max(filter(None, (wizard.date, wizard.known_date)), default=today)
            if ahead > today:
                raise ValidationError(
                    self.env._(
                        "%s lies ahead: nobody can know the classes of that day yet. "
                        "Choose today or an earlier day.",
                        fields.Date.to_string(ahead),
                    )
                )

    def action_open(self):
        """Open the customers as they were classified on the day."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_history_action"
        )
        title = self._title()
        return {
            **action,
            "name": title,
            "display_name": title,
            "context": {
                "history_date": fields.Date.to_string(self.date),
                "history_known_date": fields.Date.to_string(self.known_date),
            },
            "help": self._help(),
        }

    def _title(self):
        day = fields.Date.to_string(self.date)
        if not self.known_date:
            return self.env._("Customers as of %s", day)
        return self.env._(
            "Customers as of %(day)s, as known on %(known)s",
            day=day,
            known=fields.Date.to_string(self.known_date),
        )

    def _help(self):
        """Return the help of an empty list of a day."""
        title = self.env._(
            "No customer had a class on %s", fields.Date.to_string(self.date)
        )
        return Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>') % (
            title,
            self.hint,
        )
