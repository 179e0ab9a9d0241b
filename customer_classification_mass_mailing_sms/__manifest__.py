{
    "name": "Customer Classification: SMS Marketing",
    "summary": "Text messages to the audience of a campaign",
    "version": "19.0.1.0.0",
    "category": "Marketing/Email Marketing",
    "website": "https://github.com/OCA/crm",
    "author": "Customer Classification contributors, Odoo Community Association (OCA)",
    "license": "LGPL-3",
    "depends": ["customer_classification_mass_mailing", "mass_mailing_sms"],
    "data": [
        "views/utm_campaign_views.xml",
    ],
    "auto_install": True,
}
