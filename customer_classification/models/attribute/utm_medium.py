from odoo import api, fields, models

ORIGIN_SELECTION = [
    ("online", "Online"),
    ("offline", "Offline"),
    ("referral", "Referral"),
]
# Origins of Odoo's own media; "Direct" may be either, and is left to you.
ORIGINS = {
    "utm.utm_medium_website": "online",
    "utm.utm_medium_email": "online",
    "utm.utm_medium_banner": "online",
    "utm.utm_medium_twitter": "online",
    "utm.utm_medium_facebook": "online",
    "utm.utm_medium_linkedin": "online",
    "utm.utm_medium_google_adwords": "online",
    "utm.utm_medium_phone": "offline",
    "utm.utm_medium_television": "offline",
}


class UtmMedium(models.Model):
    """Media by origin: online, offline or a referral."""

    _inherit = "utm.medium"

    customer_origin = fields.Selection(
        ORIGIN_SELECTION,
        help="Customers whose first contact came by this medium have this origin.",
    )

    @api.model
    def _set_customer_origins(self):
        """Set the origin of Odoo's own media without one, when we are installed."""
        for name, origin in ORIGINS.items():
            medium = self.env.ref(name, raise_if_not_found=False)
            if medium and not medium.customer_origin:
                medium.customer_origin = origin
