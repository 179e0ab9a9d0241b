{
    "name": "Customer Classification: Events",
    "summary": "Events of a campaign: who registered and who came",
    "version": "19.0.1.0.0",
    "category": "Marketing/Events",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "event"],
    "data": [
        "views/event_event_views.xml",
        "views/utm_campaign_views.xml",
    ],
    "auto_install": True,
    "pre_init_hook": "pre_init_hook",
    "uninstall_hook": "uninstall_hook",
}
