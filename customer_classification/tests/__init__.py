from . import test_cdnow_sample
from . import test_partner_fields
from . import test_real_purchases
from . import test_replay
from . import test_run
from . import test_source_invoice
from . import test_source_sale
