from . import test_rights_matrix
from . import test_searched_fields
from . import test_web_orders
