from . import classification_feedback_source
from . import project_project
