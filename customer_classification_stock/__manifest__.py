{
    "name": "Customer Classification: Stock",
    "summary": "Stock on hand and its value beside the classes of your products",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "website": "https://github.com/OCA/crm",
    "author": "Customer Classification contributors, Odoo Community Association (OCA)",
    "license": "LGPL-3",
    "depends": ["customer_classification", "stock"],
    "data": ["views/product_profile_views.xml"],
    "demo": ["demo/stock_demo.xml"],
    "auto_install": True,
}
