{
    "name": "Customer Classification: Email Marketing",
    "summary": "Mailings to the audience of a campaign, and who answered them",
    "version": "19.0.1.0.0",
    "category": "Marketing/Email Marketing",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "mass_mailing"],
    "data": [
        "views/utm_campaign_views.xml",
        "views/campaign_start_views.xml",
    ],
    "auto_install": True,
    "pre_init_hook": "pre_init_hook",
    "uninstall_hook": "uninstall_hook",
}
