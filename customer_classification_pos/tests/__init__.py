from . import test_rights_matrix
from . import test_every_sale_once
from . import test_source_pos
from . import test_source_pos_products
from . import test_gift_cards
from . import test_matrix
from . import test_policy
