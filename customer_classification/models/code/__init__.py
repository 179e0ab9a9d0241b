from . import customer_code_scheme
from . import customer_code_segment
from . import customer_code
from . import customer_code_assignment
from . import res_partner
