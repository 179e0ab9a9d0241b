from odoo import http
from odoo.http import request


class GlossaryController(http.Controller):
    """*What the Numbers Mean* as a page."""

    @http.route(
        "/customer_classification/glossary",
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def glossary(self):
        """Show the definition of each number that the reader may see."""
        chapters = request.env["customer.glossary"]._chapters()
        if not chapters:
            raise request.not_found()
        return request.render(
            "customer_classification.glossary_page", {"chapters": chapters}
        )
