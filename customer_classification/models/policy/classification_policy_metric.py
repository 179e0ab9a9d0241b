import re
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import get_lang

from ..common.sentences import plain_number

METRIC_SELECTION = [
    ("recency", "Recency"),
    ("frequency", "Frequency"),
    ("monetary", "Monetary value"),
    ("margin", "Margin"),
    ("growth", "Growth"),
    ("average_order", "Average order"),
    ("tenure", "Known for"),
    ("interactions", "Interaction frequency"),
    ("satisfaction", "Satisfaction"),
]


class ClassificationPolicyMetric(models.Model):
    """Component of the value score: measure, bins and weight."""

    _name = "classification.policy.metric"
    _inherit = "classification.policy.line"
    _description = "Score of a Classification Policy"
    _order = "sequence, id"

    metric = fields.Selection(
        METRIC_SELECTION,
        required=True,
        help="Recency: days since the last purchase, fewer are better. Frequency: "
        "orders in the window. Monetary value: net revenue in the window. These "
        "three make the RFM code and always stand; with a weight of 0 they count for "
        "nothing. Margin, growth (the recent half of the window against the one "
        "before), average order, days since the first purchase, interactions in the "
        "window and the mean satisfaction (0 to 100) may be added. Where one of them "
        "is not known of a customer, because nobody was ever in touch or too few "
        "answers are there, the others decide.",
    )
    sequence = fields.Integer(compute="_compute_sequence", store=True)
    weight = fields.Float(
        string="Weight (%)",
        digits=(5, 1),
        help="How much this score counts in the value score, beside the others.",
        aggregator=None,
    )
    method = fields.Selection(
        [("quantile", "Equal shares"), ("fixed", "Fixed limits")],
        string="Cut By",
        required=True,
        default="quantile",
        help="Equal shares compare a customer with all who bought. Fixed limits stand "
        "whatever the others buy.",
    )
    bins = fields.Integer(
        string="Number of Scores",
        required=True,
        default=5,
        help="With equal shares: into how many parts the customers are cut, 3 to 10.",
        aggregator=None,
    )
    limits = fields.Char(
        string="Plain Limits", help="The fixed limits as plain numbers: 10; 20.5; 30"
    )
    limits_text = fields.Char(
        string="Limits",
        compute="_compute_limits_text",
        readonly=False,
        help="With fixed limits: rising numbers with semicolons between, for example "
        "10; 20; 30. They make one score more than there are limits.",
    )
    unit = fields.Char(compute="_compute_unit", help="In what the limits are given.")

    @api.depends("metric")
    def _compute_sequence(self):
        order = [code for code, __ in METRIC_SELECTION]
        for line in self:
            line.sequence = order.index(line.metric) if line.metric else len(order)

    @api.depends("limits")
    @api.depends_context("lang")
    def _compute_limits_text(self):
        for line in self:
            numbers = (part.strip() for part in (line.limits or "").split(";"))
            line.limits_text = "; ".join(
                plain_number(self.env, float(number)) if _is_number(number) else number
                for number in numbers
            )

    @api.depends("metric", "currency_id")
    @api.depends_context("lang")
    def _compute_unit(self):
        units = {
            "recency": self.env._("days"),
            "frequency": self.env._("orders"),
            "growth": self.env._("%"),
            "tenure": self.env._("days"),
            "interactions": self.env._("interactions"),
            "satisfaction": self.env._("of 100"),
        }
        for line in self:
            unit = units.get(line.metric, line.currency_id.symbol)
            line.unit = unit if line.metric else False

    @api.depends("metric")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["metric"]._description_selection(self.env))
        for line in self:
            line.display_name = labels.get(line.metric, "")

    @api.model
    def _bounds(self):
        return {
            "weight": (0, 100),
            "limits": (0, 1000),
            "limits_text": (0, 1000),
        }

    @api.model
    def _rule_fields(self):
        return {"rules_id", "metric", "weight", "method", "bins", "limits"}

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._canonical(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._canonical(vals))

    @api.model
    def _canonical(self, vals):
        """Values in which limits as the reader writes them are plain numbers."""
        if "limits_text" not in vals:
            return vals
        vals = dict(vals)
        self._check_values(vals)
        text = str(vals.pop("limits_text") or "")
        parts = re.split(r"[;；\n]", text)
        vals["limits"] = "; ".join(
            self._plain(part.strip()) for part in parts if part.strip()
        )
        return vals

    @api.model
    def _plain(self, number):
        """Return a number of the reader with a point and no separators.

        Other text is returned as it is, to be refused by its line.
        """
        lang = get_lang(self.env)
        separator = re.escape(lang.thousands_sep or "")
        if re.fullmatch(r"\s", lang.thousands_sep or ""):
            separator = r"\s"
        point = re.escape(lang.decimal_point)
        whole = rf"\d{{1,3}}(?:{separator}\d{{3}})+|\d+" if separator else r"\d+"
        if not re.fullmatch(rf"[-+]?(?:{whole})(?:{point}\d+)?", number):
            return number
        digits = re.sub(separator, "", number) if separator else number
        return digits.replace(lang.decimal_point, ".")

    def _line_label(self):
        return self.display_name

    def _in_words(self):
        """Return this line in words."""
        weight = plain_number(self.env, self.weight)
        if self.method == "fixed":
            return self.env._(
                "%(weight)s %%, limits at %(limits)s %(unit)s",
                weight=weight,
                limits=self.limits_text,
                unit=self.unit,
            )
        return self.env._(
            "%(weight)s %%, scores from 1 to %(bins)s", weight=weight, bins=self.bins
        )

    def _component(self):
        """The engine's :class:`Component` of this line."""
        from ...engine import Component

        return Component(
            self.metric,
            self.weight / 100,
            self.bins,
            self._edges() if self.method == "fixed" else None,
        )

    def _edges(self):
        """The fixed limits in the engine's units."""
        scale = 100 if self.metric == "growth" else 1
        return tuple(number / scale for number in self._limit_numbers())

    @api.model
    def _limits_of_numbers(self, numbers):
        """Limits as they are kept; the inverse of :meth:`_limit_numbers`."""
        return "; ".join(format(Decimal(str(number)), "f") for number in numbers)

    def _limit_numbers(self):
        """Return the fixed limits as numbers, in the unit of the line.

        :raises ValidationError: an entry is not a number
        """
        parts = [part.strip() for part in (self.limits or "").split(";")]
        for part in filter(None, parts):
            if not _is_number(part):
                raise ValidationError(
                    self.env._(
                        "%(metric)s: “%(text)s” is no number. Write the limits with "
                        "semicolons between, for example 10; 20; 30.",
                        metric=self.display_name,
                        text=part,
                    )
                )
        return [float(part) for part in parts if part]


def _is_number(text):
    return bool(re.fullmatch(r"[-+]?\d+(\.\d+)?", text))
