from . import classification_feedback_source
from . import survey_question
from . import survey_survey
