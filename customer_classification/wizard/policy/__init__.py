from . import classification_policy_import
from . import classification_publish
