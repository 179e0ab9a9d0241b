from . import classification_tag_members
from . import classification_tag_use
from . import classification_tag_wizard
