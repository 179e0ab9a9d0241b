from . import test_partner_fields
from . import test_run
