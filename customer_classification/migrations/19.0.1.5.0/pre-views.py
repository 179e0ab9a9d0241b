def migrate(cr, version):
    """Delete extensions of the policy form by earlier releases.

    The form is another one now: Odoo would look for their place before it deletes them.
    """
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
