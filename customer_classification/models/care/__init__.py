from . import res_partner
from . import customer_care_audience_mixin
from . import customer_care_occasion
from . import customer_care_rhythm
from . import customer_care
from . import mail_activity
from . import classification_to_fix
