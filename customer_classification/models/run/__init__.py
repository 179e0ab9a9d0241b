from . import classification_run_time_mixin
from . import classification_run
from . import classification_problem
from . import classification_to_fix
