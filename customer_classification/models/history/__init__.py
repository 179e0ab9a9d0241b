from . import classification_history_mixin
from . import classification_history_revenue_mixin
from . import classification_history
from . import classification_migration
