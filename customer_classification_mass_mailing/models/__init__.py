from . import campaign_touch_source
from . import res_partner
from . import utm_campaign
