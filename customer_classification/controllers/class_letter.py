from odoo import http
from odoo.http import request


class ClassLetterController(http.Controller):
    """*Your Classification and Why* of the person who is logged in."""

    @http.route("/my/classification", type="http", auth="user", website=True)
    def my_classification(self):
        """The page for the person, of no other contact.

        Amounts are for customers with an account, who see their orders there as well;
        for employees they depend on their rights.
        """
        user, letters = request.env.user, request.env["customer.class.letter"]
        partner, company = user.partner_id, request.env.company
        has_amounts = user.share or letters._may_tell_amounts()
        found = letters._letters(partner, company, has_amounts, request.env.lang)
        return request.render(
            "customer_classification.portal_class_letter",
            {"letter": found[partner], "page_name": "class_letter"},
            headers={"Cache-Control": "no-store", "X-Frame-Options": "SAMEORIGIN"},
        )
