{
    "name": "Customer Classification: eCommerce",
    "summary": "Web orders are online, and carts that were left are no quotations",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "website_sale"],
    "data": ["views/customer_profile_views.xml"],
    "auto_install": True,
}
