from . import test_churn
from . import test_customer_loss
