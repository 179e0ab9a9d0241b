from odoo import api, models

# Models whose numbers are explained, with their anchors on the page.
PROFILES = {
    "customer.profile": "customers",
    "product.profile": "products",
    "campaign.profile": "campaigns",
}
NUMBERS = ("integer", "float", "monetary")
# Numbers that are no facts: colours, places in lists, and what only programs read.
NO_FACTS = ("color", "sequence", "churn_signals", "content_hash")


class CustomerGlossary(models.AbstractModel):
    """Definition of every number of a profile: the help of its field."""

    _name = "customer.glossary"
    _description = "Glossary"

    @api.model
    def _chapters(self):
        """Return ``[(anchor, title, [(name, label, definition)])]``.

        Numbers that the reader may not see, as amounts, are left out.
        """
        return [
            (anchor, self.env["ir.model"]._get(model).sudo().name, entries)
            for model, anchor in PROFILES.items()
            if (entries := self._entries(model))
        ]

    @api.model
    def _entries(self, model):
        """Return ``[(name, label, definition)]`` of the numbers of a profile."""
        if not self.env[model].has_access("read"):
            return []
        described = self.env[model].fields_get(attributes=["string", "help", "type"])
        entries = [
            (name, values["string"], values.get("help", ""))
            for name, values in described.items()
            if values["type"] in NUMBERS
            and not name.endswith(NO_FACTS)
            and name not in models.MAGIC_COLUMNS
        ]
        return sorted(entries, key=lambda entry: entry[1].lower())
