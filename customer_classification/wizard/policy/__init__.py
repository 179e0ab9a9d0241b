from . import classification_policy_import
