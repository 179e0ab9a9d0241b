{
    "name": "Customer Classification: Privacy Lookup",
    "summary": "What is known of a customer in the privacy lookup, and erased by it",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "privacy_lookup"],
    "auto_install": True,
}
