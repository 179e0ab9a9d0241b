{
    "name": "Customer Classification: Ratings",
    "summary": "Ratings of tasks, products and the like as feedback of customers",
    "version": "19.0.1.0.0",
    "category": "Productivity",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "rating"],
    "auto_install": True,
}
