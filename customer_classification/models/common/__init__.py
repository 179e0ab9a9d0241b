from . import classification_counted_once_mixin
from . import classification_plain_fields_mixin
from . import classification_bounds_mixin
from . import classification_protected_mixin
from . import classification_referred_mixin
from . import classification_reason_mixin
from . import classification_condition_mixin
from . import ir_rule
