from . import classification_history_wizard
