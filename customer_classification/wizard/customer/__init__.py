from . import base_partner_merge
from . import classification_back_test
from . import customer_salesperson_assign
