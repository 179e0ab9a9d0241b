from werkzeug.exceptions import Forbidden, NotFound

from odoo import http
from odoo.http import content_disposition, request

from ..models.common.arguments import BIGGEST_ID

OFFICER_GROUP = "customer_classification.group_officer"


class PrivacyController(http.Controller):
    """*What We Hold* about a person, as a page and as a file."""

    @http.route(
        "/customer_classification/held/<int:partner_id>",
        type="http",
        auth="user",
        website=True,
    )
    def held(self, partner_id):
        """The page for who answers the person's request."""
        return self._page(self._partner(partner_id), f"{request.httprequest.path}/json")

    @http.route(
        "/customer_classification/held/<int:partner_id>/json", type="http", auth="user"
    )
    def held_json(self, partner_id):
        """The same as a file."""
        return self._file(self._partner(partner_id))

    @http.route("/my/held", type="http", auth="user", website=True)
    def my_held(self):
        """The page for the person."""
        return self._page(self._own_partner(), "/my/held/json")

    @http.route("/my/held/json", type="http", auth="user", website=True)
    def my_held_json(self):
        """The same as a file."""
        return self._file(self._own_partner())

    def _partner(self, partner_id):
        """The contact, where the user may see it and is an Officer.

        :raises Forbidden: the user is none
        :raises NotFound: there is no such person
        :raises AccessError: a record rule hides the contact
        """
        if not request.env.user.has_group(OFFICER_GROUP):
            raise Forbidden()
        if not 0 < partner_id <= BIGGEST_ID:
            raise NotFound()
        partner = request.env["res.partner"].browse(partner_id).exists()
        partner.check_access("read")
        if not partner or partner.is_company:
            raise NotFound()
        return partner

    def _own_partner(self):
        partner = request.env.user.partner_id
        if partner.sudo().is_company:
            raise NotFound()
        return partner

    def _page(self, partner, download):
        held = request.env["customer.held.data"]._held(partner)
        values = {"held": held, "download": download}
        return request.render(
            "customer_classification.customer_held_data",
            values,
            headers={"Cache-Control": "no-store", "X-Frame-Options": "SAMEORIGIN"},
        )

    def _file(self, partner):
        held = request.env["customer.held.data"]._held(partner)
        name = f"what-we-hold-{partner.id}.json"
        return request.make_json_response(
            held,
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": content_disposition(name),
            },
        )
