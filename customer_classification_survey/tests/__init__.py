from . import test_one_customer
from . import test_rights_matrix
from . import test_survey_feedback
