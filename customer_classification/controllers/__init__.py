from . import overview
from . import portal
from . import privacy
