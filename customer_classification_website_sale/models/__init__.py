from . import classification_source_sale
from . import customer_profile
from . import res_partner
