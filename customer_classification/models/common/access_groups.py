"""Groups of Odoo's that decide access to this addon's data."""

# Amounts: everybody who sees all sales.
MONEY_GROUP = "sales_team.group_sale_salesman_all_leads"
# Portal users and visitors see nothing of a classification.
USER_GROUP = "base.group_user"
# Users of this addon: salespeople, and whoever else is to see classes.
INSIGHT_GROUP = "customer_classification.group_user"
# Salespeople, whether or not they see all sales.
SALES_GROUP = "sales_team.group_sale_salesman"
# Managers: they write and publish the rules.
MANAGER_GROUP = "customer_classification.group_manager"
