{
    "name": "Customer Classification: Surveys",
    "summary": "Answers to chosen questions of surveys as feedback of customers",
    "version": "19.0.1.0.0",
    "category": "Marketing/Surveys",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "survey"],
    "data": [
        "views/survey_question_views.xml",
        "views/survey_survey_views.xml",
    ],
    "auto_install": True,
    "pre_init_hook": "pre_init_hook",
    "uninstall_hook": "uninstall_hook",
}
