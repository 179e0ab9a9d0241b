from . import classification_override_mixin
