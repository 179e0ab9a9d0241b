def migrate(cr, version):
    """Install the glue that came with this release where its app is there."""
    cr.execute(
        """
        UPDATE ir_module_module SET state = 'to install'
         WHERE name = 'customer_classification_privacy_lookup'
           AND state = 'uninstalled'
           AND EXISTS (SELECT FROM ir_module_module
                        WHERE name = 'privacy_lookup' AND state = 'installed')
        """
    )
