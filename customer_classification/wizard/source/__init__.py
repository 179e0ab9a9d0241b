from . import base_import_import
from . import customer_document_choice
