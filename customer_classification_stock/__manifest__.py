{
    "name": "Customer Classification: Stock",
    "summary": "Stock on hand and its value beside the classes of your products",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "stock"],
    "data": ["views/product_profile_views.xml"],
    "demo": ["demo/stock_demo.xml"],
    "auto_install": True,
}
