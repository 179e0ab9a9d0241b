def migrate(cr, version):
    """Forget what earlier releases added to the form of policies, which is another one
    now: Odoo would look for its place before it deletes it."""
    cr.execute(
        """
        WITH gone AS (
            DELETE FROM ir_model_data
             WHERE module = 'customer_classification' AND model = 'ir.ui.view'
               AND name IN ('classification_policy_view_form_rehearsal',
                            'classification_policy_view_form_back_test')
            RETURNING res_id)
        DELETE FROM ir_ui_view WHERE id IN (SELECT res_id FROM gone)
        """
    )
