"""Print the folder from which Odoo takes the addon."""

import json

from odoo.modules import get_module_path

print("RESULT", json.dumps({"module": get_module_path("customer_classification")}))
