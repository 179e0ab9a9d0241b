from . import res_company
from . import customer_glossary
from . import customer_overview
