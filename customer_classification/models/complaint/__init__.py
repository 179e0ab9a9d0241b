from . import customer_complaint_category
from . import customer_complaint_cause
from . import customer_complaint_deadline
from . import customer_complaint_clock_mixin
from . import customer_complaint
from . import product_template
from . import res_partner
