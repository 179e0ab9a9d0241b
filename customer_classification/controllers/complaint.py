from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.common.arguments import BIGGEST_ID

# As many complaints as the page shows, the newest first.
_SHOWN = 200


class ComplaintPortal(CustomerPortal):
    """Shows customers their own complaints.

    Portal users have no right on the model, because it has causes, owners and deadlines
    that are not for them: the pages look with superuser rights, for the complaints of
    the user's own customer alone, and show the fields that are meant for the customer.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "complaint_count" in counters:
            model = request.env["customer.complaint"].sudo()
            values["complaint_count"] = model.search_count(self._own_complaints())
        return values

    def _own_complaints(self):
        """Return the domain of the complaints of the user's customer."""
        if request.env.user._is_public():
            return [("id", "=", False)]
        customer = request.env.user.partner_id.commercial_partner_id
        return [("partner_id", "child_of", customer.id)]

    @http.route("/my/complaints", type="http", auth="user", website=True)
    def my_complaints(self, **kwargs):
        """The list."""
        complaints = request.env["customer.complaint"].sudo()
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "complaint",
            "complaints": complaints.search(
                self._own_complaints(), order="open_date desc, id desc", limit=_SHOWN
            ),
        }
        return request.render("customer_classification.portal_my_complaints", values)

    @http.route(
        "/my/complaints/<int:complaint_id>", type="http", auth="public", website=True
    )
    def my_complaint(self, complaint_id, access_token=None, **kwargs):
        """One complaint, for its customer or by the link of a message."""
        complaint = self._complaint(complaint_id, access_token)
        values = self._get_page_view_values(
            complaint,
            complaint._portal_ensure_token(),
            {
                **self._prepare_portal_layout_values(),
                "page_name": "complaint",
                "complaint": complaint,
            },
            "my_complaints_history",
            False,
            pid=kwargs.get("pid"),
            hash=kwargs.get("hash"),
        )
        return request.render("customer_classification.portal_my_complaint", values)

    def _complaint(self, complaint_id, token):
        """Return the complaint, where the user may see it.

        That there is one that the user may not see is not told.
        """
        model = request.env["customer.complaint"].sudo()
        complaint = model.search(
            [("id", "=", min(complaint_id, BIGGEST_ID)), *self._own_complaints()]
        )
        if complaint:
            return complaint
        complaint = model.browse(min(complaint_id, BIGGEST_ID)).exists()
        secret = complaint.access_token
        given = token if token and token.isascii() else ""
        if not secret or not consteq(secret, given):
            raise NotFound
        return complaint
