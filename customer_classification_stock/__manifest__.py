{
    "name": "Customer Classification: Stock",
    "summary": "Stock beside product classes, and deliveries and returns of customers",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "sale_stock"],
    "data": [
        "views/product_profile_views.xml",
        "views/customer_profile_views.xml",
        "views/customer_timeline_views.xml",
    ],
    "demo": ["demo/stock_demo.xml"],
    "auto_install": True,
}
