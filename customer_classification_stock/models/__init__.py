from . import product_profile
