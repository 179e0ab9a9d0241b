{
    "name": "Customer Classification: Projects",
    "summary": "Tasks of chosen projects as complaints of customers",
    "version": "19.0.1.0.0",
    "category": "Services/Project",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["customer_classification", "project"],
    "data": ["views/project_project_views.xml"],
    "auto_install": True,
    "pre_init_hook": "pre_init_hook",
}
