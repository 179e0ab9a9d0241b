from . import classification_run
from . import classification_problem
from . import classification_to_fix
