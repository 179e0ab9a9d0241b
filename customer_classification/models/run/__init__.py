from . import classification_run
from . import classification_run_kind
from . import classification_run_failure
from . import classification_problem
from . import classification_to_fix
