"""Builders for the tests of tags."""

from odoo import fields
from odoo.tools import SQL

from ...models.tag.classification_tag_kind import CONTACTS
from ..common import ClassificationCase


class TagCase(ClassificationCase):
    """Contacts, tags and rules in one line each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tags = cls.env["res.partner.category"]
        cls.rules = cls.env["classification.tag.rule"]
        # Other rules in this database would run with ours.
        cls.rules.search([]).write({"state": "draft"})

    @classmethod
    def _tag(cls, name, parent=None, **values):
        values = {"name": name, "parent_id": parent and parent.id, **values}
        return cls.tags.create(values)

    @classmethod
    def _rule(cls, tag, domain, start=True, **values):
        """Create a rule of a contact tag, started by default."""
        rule = cls.rules.create(
            {
                "partner_tag_id": tag.id,
                "domain": repr(domain),
                "company_id": cls.company.id,
                **values,
            }
        )
        if start:
            rule.state = "running"
        return rule

    def _run(self):
        self.rules._run()
        self.env.invalidate_all()

    def _link(self, partner, tag):
        return self.env["classification.tag.link"].search(
            [("partner_id", "=", partner.id), ("partner_tag_id", "=", tag.id)]
        )

    def _origin(self, partner, tag):
        link = self._link(partner, tag)
        return (link.state, link.origin) if link else None

    def _history(self, partner, tag):
        changes = self.env["classification.tag.change"].search(
            [("partner_id", "=", partner.id), ("partner_tag_id", "=", tag.id)],
            order="id",
        )
        return [(change.action, change.origin) for change in changes]

    def _behind_our_back(self, partner, tag, give):
        """Change the table of tags as another program would."""
        self.env.flush_all()
        names = {
            "relation": CONTACTS.table,
            "tag": tag.id,
            "partner": partner.id,
        }
        statement = (
            "INSERT INTO %(relation)s (category_id, partner_id)"
            " VALUES (%(tag)s, %(partner)s) ON CONFLICT DO NOTHING"
            if give
            else "DELETE FROM %(relation)s"
            " WHERE category_id = %(tag)s AND partner_id = %(partner)s"
        )
        self.env.cr.execute(SQL(statement, **names))
        self.env.invalidate_all()

    @classmethod
    def _give(cls, partners, tag):
        partners.write({"category_id": [fields.Command.link(tag.id)]})

    @classmethod
    def _take(cls, partners, tag):
        partners.write({"category_id": [fields.Command.unlink(tag.id)]})
