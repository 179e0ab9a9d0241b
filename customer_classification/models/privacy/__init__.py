from . import res_partner_profiling
from . import classification_withheld_row
from . import customer_held_data
from . import res_partner_erasure
