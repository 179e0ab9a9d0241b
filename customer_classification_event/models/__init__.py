from . import campaign_touch_source
from . import event_event
from . import utm_campaign
