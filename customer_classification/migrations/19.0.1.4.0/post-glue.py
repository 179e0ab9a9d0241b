# {glue that came with this release: the app that it is made for}
GLUE = {
    "customer_classification_loyalty": "sale_loyalty",
    "customer_classification_privacy_lookup": "privacy_lookup",
}


def migrate(cr, version):
    """Install the glue that came with this release where its app is there."""
    for glue, app in GLUE.items():
        cr.execute(
            """
            UPDATE ir_module_module SET state = 'to install'
             WHERE name = %s AND state = 'uninstalled'
               AND EXISTS (SELECT FROM ir_module_module
                            WHERE name = %s AND state = 'installed')
            """,
            [glue, app],
        )
