from . import customer_feedback_ask
