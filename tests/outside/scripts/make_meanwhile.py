"""Make records of Odoo after an installation that failed.

Runs inside of `odoo shell`, in a database without the addon.
"""

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it

env["utm.campaign"].create({"title": "Meanwhile"})
env["product.tag"].create({"name": "Meanwhile"})
env.cr.commit()
print("RESULT {}")
