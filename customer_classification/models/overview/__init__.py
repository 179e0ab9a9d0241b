from . import classification_purchase_view_mixin
from . import classification_bridge
from . import classification_cohort
from . import customer_conversion
from . import customer_overview_money_mixin
from . import customer_overview
from . import report_customer_grading
