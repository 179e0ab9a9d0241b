from . import res_partner
from . import classification_override
from . import campaign_participant
from . import classification_withheld_row
from . import customer_held_data
