from . import test_campaign_event
from . import test_event_interaction
from . import test_rights_matrix
