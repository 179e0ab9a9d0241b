from . import test_product_stock
