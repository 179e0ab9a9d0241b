{
    "name": "Customer Classification: SMS Marketing",
    "summary": "Text messages to the audience of a campaign",
    "version": "19.0.1.0.0",
    "category": "Marketing/Email Marketing",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification_mass_mailing", "mass_mailing_sms"],
    "data": [
        "views/utm_campaign_views.xml",
    ],
    "auto_install": True,
}
