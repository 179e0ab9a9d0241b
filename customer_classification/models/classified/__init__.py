from . import classification_classified_mixin
from . import classification_override_mixin
from . import classification_class_move_mixin
from . import classification_class_change_mixin
from . import classification_rehearsed_move_mixin
