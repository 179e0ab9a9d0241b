from . import customer_lost_reason
from . import customer_loss
from . import customer_profile
from . import classification_churn
