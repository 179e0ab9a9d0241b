from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class CustomerProfileDocumentsMixin(models.AbstractModel):
    """Open the documents counted in the window, with the reader's rights."""

    _name = "customer.profile.documents.mixin"
    _description = "Documents of a Customer"

    last_document = fields.Reference(
        [
            ("sale.order", "Order"),
            ("account.move", "Invoice"),
            ("customer.purchase", "Imported purchase"),
        ],
        compute="_compute_last_document",
        help="The last order, as far as you may see it.",
    )
    document_count = fields.Integer(
        string="Documents You See",
        compute="_compute_document_count",
        help="Documents in the window of the policy, without those that you may not "
        "see. The orders of this page are counted as the company sees them.",
    )

    @api.depends_context("uid")
    def _compute_last_document(self):
        """Compute the document of the last purchase day.

        Two queries for each policy and kind of document. Meant for forms.
        """
        self.last_document = False
        dated = self.filtered("last_purchase_date").sudo()
        for policy, profiles in dated.grouped("policy_id").items():
            for kind in self._readable_kinds(policy):
                profiles.with_env(self.env)._find_last_documents(kind, policy.tz)

    def _find_last_documents(self, kind, tz):
        """Set the last documents of one kind, where there is none yet.

        Two queries.
        """
        days = self.mapped("last_purchase_date")
        documents = self.env[kind.model]
        seen = documents._search(
            kind.domain
            & self._span(kind, min(days), max(days), tz)
            & Domain("partner_id", "in", self._all_partner_ids())
        )
        # Users who see the document may have no access to its amount.
        found = documents.sudo().search(
            Domain("id", "in", seen) & kind.bought, order="id"
        )
        last = {
            (one.partner_id.commercial_partner_id, _day(one[kind.day], tz)): (
                one.with_env(self.env)
            )
            for one in found
        }
        for profile in self.filtered(lambda one: not one.last_document):
            key = (profile.partner_id, profile.last_purchase_date)
            profile.last_document = last.get(key, False)

    @api.depends_context("uid")
    def _compute_document_count(self):
        """Count the documents that the reader may see.

        One query for each kind of document, for each profile. Meant for forms.
        """
        for profile in self:
            profile.document_count = sum(
                self.env[kind.model].search_count(domain)
                for kind, domain in profile._documents()
            )

    def _all_partner_ids(self):
        """Return the ids of the customers and of all their contacts.

        Archived contacts are included. One query.
        """
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        return partners.search(
            [("commercial_partner_id", "in", self.partner_id.ids)], order="id"
        ).ids

    def _readable_kinds(self, policy):
        """Kinds of documents that a policy counts and that the reader may read."""
        kinds = self.env["classification.facts"]._document_kinds(policy)
        return [kind for kind in kinds if self.env[kind.model].has_access("read")]

    def _span(self, kind, first, last, tz):
        """Domain of the documents of a span of days, both counted."""
        if self.env[kind.model]._fields[kind.day].type == "date":
            return Domain(kind.day, ">=", first) & Domain(kind.day, "<=", last)
        return Domain(kind.day, ">=", _midnight(first, tz)) & Domain(
            kind.day, "<", _midnight(last + timedelta(1), tz)
        )

    def _documents(self):
        """Return ``[(kind, domain)]`` of the readable documents in the window.

        Two queries.
        """
        self.ensure_one()
        policy = self.sudo().policy_id
        rules = policy and self._rules(policy)
        if not rules or not self.as_of_date:
            return []
        first = rules.window_start(self.as_of_date)
        own = Domain("partner_id", "in", self._all_partner_ids())
        return [
            (
                kind,
                kind.domain
                & self._span(kind, first, self.as_of_date, policy.tz)
                & self._counted(kind, policy, own),
            )
            for kind in self._readable_kinds(policy)
        ]

    def _counted(self, kind, policy, own):
        """Return the domain of the documents of a kind that count.

        Of credit notes only those that count, whoever was invoiced, of other kinds all.
        One query for a kind that has credit notes.

        :param own: domain of the documents of the customer
        """
        if kind.model != "account.move":
            return own
        scope = self.env["classification.facts"]._scope(
            policy, self.as_of_date, self.partner_id.ids
        )
        try:
            ids = self.env["classification.source.credit"]._counted_ids(policy, scope)
        except UserError:  # unreadable filter: the next run reports it
            ids = []
        invoices = Domain("move_type", "!=", "out_refund") & own
        return invoices | Domain("id", "in", ids)

    def _open_documents(self):
        """Return the action that opens the documents that the reader may see.

        It is the list, or, of several kinds, the choice; a sentence where there is
        none.
        """
        found = [
            (kind, domain, count)
            for kind, domain in self._documents()
            if (count := self.env[kind.model].search_count(domain))
        ]
        if not found:
            return self._no_documents()
        if len(found) == 1:
            return self._open_list(*found[0][:2])
        return self._open_choice(found)

    def _open_list(self, kind, domain):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "%(documents)s of %(customer)s",
                documents=kind.name,
                customer=self.partner_id.display_name,
            ),
            "res_model": kind.model,
            "view_mode": "list,form",
            "views": [[self.env.ref(kind.view).id, "list"], [False, "form"]],
            "domain": list(domain),
            "context": {"create": False},
        }

    def _open_choice(self, found):
        choices = (
            self.env["customer.document.choice"]
            .sudo()
            .create(
                [
                    {"profile_id": self.id, "name": kind.name, "model": kind.model}
                    | {"document_count": count}
                    for kind, __, count in found
                ]
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Documents of %s", self.partner_id.display_name),
            "res_model": choices._name,
            "view_mode": "list",
            "target": "new",
            "domain": [("id", "in", choices.ids)],
        }

    def _no_documents(self):
        """Return the help text shown without any document to open."""
        if not self.order_count:
            message = self.env._("Nothing was bought in the window of the policy.")
        else:
            message = self.env._(
                "%s orders count here, but you may see none of these documents: they "
                "belong to other sales people, or were imported.",
                self.order_count,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": "warning"},
        }


def _midnight(day, tz):
    """The moment, in UTC without a zone, at which a day begins in a time zone."""
    moment = datetime.combine(day, time(), ZoneInfo(tz))
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _day(moment, tz):
    """The day, in a time zone, of a UTC moment; a day as it is."""
    if not isinstance(moment, datetime):
        return moment
    return moment.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(tz)).date()
