{
    "name": "Customer Classification: Dashboards",
    "summary": "Tiers, stages, churn and campaigns in the app Dashboards",
    "version": "19.0.1.0.0",
    "category": "Productivity/Dashboard",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "spreadsheet_dashboard"],
    "data": ["data/spreadsheet_dashboard_data.xml"],
    "auto_install": True,
}
