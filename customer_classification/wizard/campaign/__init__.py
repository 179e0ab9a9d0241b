from . import campaign_start
