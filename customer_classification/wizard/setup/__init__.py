from . import classification_first_steps
