from . import campaign_touch_source
from . import classification_interaction_source
from . import customer_timeline
from . import event_event
from . import utm_campaign
