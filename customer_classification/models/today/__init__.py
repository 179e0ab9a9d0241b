from . import customer_today_answer
from . import customer_today
from . import res_company
from . import customer_care_occasion
