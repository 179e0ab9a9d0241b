from . import base_import_import
from . import base_partner_merge
from . import classification_back_test
from . import classification_history_wizard
from . import classification_policy_import
from . import customer_code_assign
from . import customer_document_choice
