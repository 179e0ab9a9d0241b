"""Groups of Odoo's that decide what of this addon a person sees."""

# Amounts: everybody who sees all sales.
MONEY_GROUP = "sales_team.group_sale_salesman_all_leads"
