from . import campaign_touch_source
from . import classification_interaction_source
from . import customer_timeline
from . import mailing_mailing
from . import mailing_trace
from . import res_partner
from . import utm_campaign
