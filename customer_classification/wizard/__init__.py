from . import source
from . import customer
from . import policy
from . import history
from . import tag
from . import code
from . import campaign
from . import playbook
