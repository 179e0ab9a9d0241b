from . import test_campaign_sms
from . import test_rights_matrix
