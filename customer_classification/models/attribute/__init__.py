from . import utm_medium
from . import customer_company_size
from . import res_country_group
from . import res_partner
from . import res_partner_industry
