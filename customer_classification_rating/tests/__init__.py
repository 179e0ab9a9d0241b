from . import test_rating_feedback
from . import test_rights_matrix
