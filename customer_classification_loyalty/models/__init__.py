from . import classification_source
