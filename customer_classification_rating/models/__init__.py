from . import classification_feedback_source
from . import customer_timeline
