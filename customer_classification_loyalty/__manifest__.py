{
    "name": "Customer Classification: Loyalty",
    "summary": "Gift cards, e-wallets and loyalty points pay for a purchase",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "website": "https://github.com/OCA/crm",
    "author": "Customer Classification contributors, Odoo Community Association (OCA)",
    "license": "LGPL-3",
    "depends": ["customer_classification", "sale_loyalty"],
    "auto_install": True,
}
