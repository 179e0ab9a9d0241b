"""Steps of installing and uninstalling beyond loading the files."""

from odoo import SUPERUSER_ID
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

# Stored fields that are computed from what nobody has entered yet: all empty, but for
# the birthdays where another addon kept birth dates before.
EMPTY_COLUMNS = (
    ("res_partner", "customer_turnover_currency_id", "int4"),
    ("res_partner", "customer_company_size", "varchar"),
    ("res_partner", "customer_birthday", "varchar(5)"),
)

# Tables that are emptied before the records that they refer to are deleted.
EMPTIED = (
    "customer_care",
    "customer_care_occasion",
    "customer_care_rhythm",
    "customer_playbook_start_line",
    "customer_playbook_start",
    "customer_playbook_task",
    "customer_playbook_case",
    "customer_playbook_result",
    "customer_playbook_step",
    "customer_playbook",
    "customer_feedback",
    "customer_feedback_request",
    "customer_complaint",
    "campaign_class_change",
    "campaign_profile",
    "campaign_participant",
    "campaign_cost",
    "utm_campaign_target_tier_rel",
    "utm_campaign_target_stage_rel",
    "utm_campaign_target_segment_rel",
    "product_class_change",
    "product_class_move",
    "product_class_override",
    "product_variant_class",
    "product_profile",
    "customer_next_product",
    "classification_prediction",
    "customer_profile_total",
    "customer_profile",
    "classification_change",
    "classification_first_class",
    "classification_move",
    "classification_run_result",
    "classification_back_test_line",
    "classification_override",
    "classification_run",
    "classification_policy_tier",
    "classification_policy_metric",
    "classification_policy_segment",
    "classification_policy",
    "customer_rules",
    "product_rules",
    "campaign_rules",
    "customer_code",
    "customer_code_scheme",
    "customer_report_sending",
    "customer_report_schedule",
)


def pre_init_hook(env):
    """Create the columns that Odoo would fill for every contact, one by one.

    A million contacts would be read, computed and locked for minutes.
    """
    for table, column, kind in EMPTY_COLUMNS:
        if not column_exists(env.cr, table, column):
            create_column(env.cr, table, column, kind)
    if column_exists(env.cr, "res_partner", "birthdate_date"):  # of another addon
        fill_birthdays(env.cr)


def fill_birthdays(cr):
    """Fill the birthdays of known birth dates: one statement."""
    cr.execute(
        "UPDATE res_partner SET customer_birthday = to_char(birthdate_date, 'MM-DD')"
        " WHERE birthdate_date IS NOT NULL AND customer_birthday IS NULL"
    )


def post_init_hook(env):
    """Give every company its first published policy.

    So that one click classifies.
    """
    env = env(user=SUPERUSER_ID, context={**env.context, "active_test": False})
    env["res.company"].search([], order="id")._create_first_customer_policy()


def uninstall_hook(env):
    """Delete records that would block or survive the uninstallation.

    References to tiers, stages, policies and service types are emptied, so that Odoo
    can delete those records before it drops the tables.
    """
    for table in EMPTIED:
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    for table in ("product_tag", "utm_tag"):
        _restore_unique_names(table, env)
    for table, column in (
        ("product_template", "product_service_type_id"),
        ("utm_campaign", "campaign_type_id"),
        ("campaign_type", "parent_id"),
    ):
        # No other row: somebody may be writing it, and the uninstallation would fail.
        names = {"table": SQL.identifier(table), "column": SQL.identifier(column)}
        statement = (
            "UPDATE %(table)s SET %(column)s = NULL WHERE %(column)s IS NOT NULL"
        )
        env.cr.execute(SQL(statement, **names))
    env.invalidate_all(flush=False)
    _forget("mail.activity", [("res_model", "=", "customer.complaint")], env)
    _forget("ir.config_parameter", [("key", "=like", "customer_classification.%")], env)
    models = [
        name
        for name, model in env.registry.items()
        if model._original_module == "customer_classification"
    ]
    _forget("ir.filters", [("model_id", "in", models)], env)
    _forget("ir.exports", [("resource", "in", models)], env)
    _forget_names_by_others(models, env)
    forget_foreign_keys("customer_classification", env)


def _restore_unique_names(table, env):
    """Restore Odoo's unique names of tags.

    A name that occurs twice in the tree gets the number of its record.
    """
    names = {
        "table": SQL.identifier(table),
        "constraint": SQL.identifier(f"{table}_name_uniq"),
    }
    for statement in (
        """
        UPDATE %(table)s t
           SET name = (SELECT jsonb_object_agg(key, value || ' (' || t.id || ')')
                         FROM jsonb_each_text(t.name))
         WHERE EXISTS (SELECT FROM %(table)s first
                        WHERE first.name = t.name AND first.id < t.id)
        """,
        "ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(constraint)s",
        "ALTER TABLE %(table)s ADD CONSTRAINT %(constraint)s UNIQUE (name)",
    ):
        env.cr.execute(SQL(statement, **names))


def _forget(model, domain, env):
    env[model].sudo().with_context(active_test=False).search(domain).unlink()


def _forget_names_by_others(models, env):
    """Delete external ids that other modules gave to parts of our models.

    ``mail`` names its additions to a model with activities: Odoo deletes the parts and
    keeps the names.
    """
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_data d
             WHERE d.module <> 'customer_classification'
               AND (d.model = 'ir.model.inherit' AND d.res_id IN (
                        SELECT i.id FROM ir_model_inherit i
                          JOIN ir_model m ON m.id = i.model_id
                         WHERE m.model = ANY(%(models)s))
                    OR d.model = 'ir.model.fields.selection' AND d.res_id IN (
                        SELECT s.id FROM ir_model_fields_selection s
                          JOIN ir_model_fields f ON f.id = s.field_id
                         WHERE f.model = ANY(%(models)s)))
            """,
            models=models,
        )
    )


def forget_foreign_keys(module, env):
    """Delete Odoo's notes of the foreign keys of a module.

    Odoo drops the keys with their columns, but notes on tables of other modules have no
    external id and would stay.
    """
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_constraint c
             USING ir_module_module m
             WHERE m.id = c.module AND m.name = %s AND c.type = 'f'
            """,
            module,
        )
    )
