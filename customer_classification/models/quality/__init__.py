from . import customer_data_gap
from . import customer_data_gap_count
from . import customer_profile
from . import customer_data_age
from . import res_partner
