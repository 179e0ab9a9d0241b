from . import details_demo
from . import cases_demo
from . import classification_demo
from . import campaign_demo
from . import playbook_demo
from . import care_demo
from . import feedback_demo
