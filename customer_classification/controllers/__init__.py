from . import class_letter
from . import complaint
from . import feedback
from . import glossary
from . import overview
from . import portal
from . import privacy
