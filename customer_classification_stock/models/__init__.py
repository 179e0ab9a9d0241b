from . import customer_next_product
from . import product_profile
