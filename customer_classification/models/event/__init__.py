from . import classification_event
from . import classification_run
from . import classification_tag_link
from . import res_company
from . import classification_to_fix
