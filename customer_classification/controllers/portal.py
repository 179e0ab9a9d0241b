from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class ProfilingPortal(CustomerPortal):
    """Lets people object to profiling, and see what is held about them."""

    def _prepare_portal_layout_values(self):
        values = super()._prepare_portal_layout_values()
        return {**values, "profiling_partner": self._profiling_partner()}

    def _profiling_partner(self):
        """The contact of the user, empty where it is no natural person."""
        partner = request.env.user.partner_id.sudo()
        return partner.filtered(lambda one: not one.is_company)

    @http.route(
        "/my/profiling", type="http", auth="user", website=True, methods=["POST"]
    )
    def profiling(self, objects="", **post):
        """Object to profiling, or take the objection back.

        With superuser rights, because a portal user may not write contacts: only the
        user's own contact, and only these fields.
        """
        partner = self._profiling_partner()
        wanted = objects == "1"
        if partner and partner.customer_objects_profiling != wanted:
            values = {"customer_objects_profiling": wanted}
            if wanted:
                values["customer_objection_note"] = request.env._("In the portal")
            partner.write(values)
        return request.redirect("/my/security#profiling")
