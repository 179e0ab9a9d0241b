from . import complaint
from . import feedback
from . import overview
from . import portal
from . import privacy
