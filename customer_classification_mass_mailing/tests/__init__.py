from . import test_campaign_mailing
from . import test_mailing_interaction
from . import test_mailing_next_products
from . import test_rights_matrix
