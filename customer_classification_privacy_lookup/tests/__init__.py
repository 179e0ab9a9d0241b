from . import test_privacy_lookup
from . import test_rights_matrix
