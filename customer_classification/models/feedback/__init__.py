from . import customer_feedback_about_mixin
from . import customer_feedback_request
from . import customer_feedback
from . import classification_feedback_source
from . import customer_complaint
from . import customer_profile
from . import res_partner
from . import sale_order
