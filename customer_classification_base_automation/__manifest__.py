{
    "name": "Customer Classification: Automation Rules",
    "summary": "Automation rules fire when a run or a smart tag changes a customer",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "base_automation"],
    "auto_install": True,
}
