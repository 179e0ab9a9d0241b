from . import classification_classified_mixin
from . import classification_override_mixin
