from odoo import fields, models
from odoo.exceptions import ValidationError

from .classification_policy_filter import FILTERS
from .classification_policy_rules import SOURCE_FIELDS

# Which rules a version has from an earlier one, by what they are about.
SINCE_FIELDS = {
    "customer": "customer_rules_id",
    "product": "product_rules_id",
    "campaign": "campaign_rules_id",
}
# What counts as a purchase: all that is said of sources but who is a prospect.
DOCUMENT_FIELDS = tuple(name for name in SOURCE_FIELDS if name != "prospect_scope")
# When a customer counts as won back by a campaign.
_RHYTHM_FIELDS = ("shrinkage", "min_gap_days", "dormant_ratio", "dormant_min_days")


class ClassificationPolicy(models.Model):
    """What a new version keeps of the one before.

    Classes, limits in force and grace periods belong to the rules that made them. A
    version that says the same of customers, of products or of campaigns goes on where
    the one before stopped: it names that one, and profiles are of it. Where rules
    differ, each limit is compared for itself (``engine/memory.py``).
    """

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    customer_rules_id = fields.Many2one(
        "classification.policy",
        string="Customer Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about customers are the same.",
    )
    product_rules_id = fields.Many2one(
        "classification.policy",
        string="Product Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about products are the same.",
    )
    campaign_rules_id = fields.Many2one(
        "classification.policy",
        string="Campaign Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about campaigns are the same.",
    )
    keeps_grace = fields.Boolean(
        string="Grace for Changed Limits",
        copy=False,
        help="Customers and products that fall only because these rules changed a "
        "limit, or what is compared with it, keep their class for the grace period. "
        "Otherwise they fall at once. Where nothing changed, tolerance and grace go on "
        "in any case.",
    )

    def _rules_since(self, kind):
        """The version since which the rules say the same, or which a draft repeats.

        :param kind: ``customer``, ``product`` or ``campaign``
        """
        self.ensure_one()
        since = self.sudo()[SINCE_FIELDS[kind]]
        if since or self.state != "draft":
            return since or self
        current = self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")]
        )
        is_same = current and self._says_the_same(kind, current)
        return current._rules_since(kind) if is_same else self

    def _says_the_same(self, kind, other):
        """Whether two versions say the same; rules of before that name what is no
        more say nothing."""
        from ...engine import are_same

        if self._reader_of_filters() != other._reader_of_filters():
            return False
        if kind == "customer" and self.prospect_scope != other.prospect_scope:
            return False
        try:
            return are_same(self._rules_about(kind), other._rules_about(kind))
        except ValidationError:
            return False

    def _reader_of_filters(self):
        """With whose rights documents are found; of nobody where all count."""
        has_filter = any(self._filter_text(name) for name in FILTERS)
        return self.sudo().filter_user_id if has_filter else False

    def _rules_about(self, kind):
        """The engine's parameters about customers, products or campaigns.

        :raises ValidationError: rules name what is no more
        """
        return {
            "customer": self._parameters,
            "product": self._product_parameters,
            "campaign": self._campaign_parameters,
        }[kind]()

    def _document_rules(self):
        """What counts as a purchase, to be compared by the engine."""
        return tuple(
            self._filter_text(name) if name in FILTERS else self[name]
            for name in DOCUMENT_FIELDS
        )

    def _filter_text(self, name):
        """The text of a filter, empty where all documents count."""
        text = (self[name] or "").strip()
        return "" if text == "[]" else text

    def _rhythm_rules(self):
        return tuple(self[name] for name in _RHYTHM_FIELDS)

    def _since_values(self):
        """The versions since which the rules are the same, to be written when this
        one is published."""
        return {name: self._rules_since(kind).id for kind, name in SINCE_FIELDS.items()}
