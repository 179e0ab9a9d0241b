from . import classification_delivery_source
from . import customer_next_product
from . import customer_profile
from . import customer_timeline
from . import product_profile
