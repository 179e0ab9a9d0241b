from . import customer_document_choice
