from . import base_import_import
from . import base_partner_merge
from . import classification_back_test
from . import classification_history_wizard
from . import classification_policy_import
from . import classification_tag_use
from . import classification_tag_wizard
from . import customer_document_choice
