from . import test_automation
from . import test_rights_matrix
from . import test_automation_kinds
