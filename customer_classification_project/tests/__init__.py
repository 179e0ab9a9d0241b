from . import test_project_complaint
from . import test_rights_matrix
