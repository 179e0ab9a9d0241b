{
    "name": "Customer Classification: Loyalty",
    "summary": "Gift cards, e-wallets and loyalty points pay for a purchase",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "sale_loyalty"],
    "auto_install": True,
}
