from . import classification_rules_mixin
from . import customer_rules
from . import classification_policy_line
from . import classification_policy_tier
from . import classification_policy_metric
from . import classification_policy_segment
from . import classification_policy
from . import res_company
