{
    "name": "Customer Classification: Point of Sale",
    "summary": "Paid orders of the point of sale count as purchases, each sale once",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "point_of_sale"],
    "data": ["views/classification_policy_views.xml"],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
