from . import base_automation
from . import classification_event
