from . import complaint
from . import feedback
from . import portal
from . import privacy
