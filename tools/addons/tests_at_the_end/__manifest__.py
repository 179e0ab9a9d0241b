{
    "name": "Tests at the End",
    "summary": "For tests only, loaded with the server: tests that Odoo runs while it "
    "installs a module are run when all modules are there",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "depends": ["base"],
    "installable": False,
}
