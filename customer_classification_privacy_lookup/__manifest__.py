{
    "name": "Customer Classification: Privacy Lookup",
    "summary": "What is known of a customer in the privacy lookup, and erased by it",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "website": "https://github.com/OCA/crm",
    "author": "Customer Classification contributors, Odoo Community Association (OCA)",
    "license": "LGPL-3",
    "depends": ["customer_classification", "privacy_lookup"],
    "auto_install": True,
}
