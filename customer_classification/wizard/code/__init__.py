from . import customer_code_assign
