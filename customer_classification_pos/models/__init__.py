from . import classification_source_pos
from . import classification_source_credit
from . import classification_source
from . import classification_facts
from . import classification_policy
from . import customer_profile
from . import pos_order
from . import res_partner
