from . import classification_event
from . import classification_moves_mail
from . import classification_run
from . import classification_tag_batch
from . import classification_tag_link
from . import classification_tag_rule
from . import classification_to_fix
from . import res_company
