from . import test_delivery
from . import test_next_product_stock
from . import test_product_stock
from . import test_rights_matrix
from . import test_searched_fields
