from . import test_campaign_event
