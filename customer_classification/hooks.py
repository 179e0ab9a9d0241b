"""Steps of installing and uninstalling beyond loading the files."""

from odoo import SUPERUSER_ID
from odoo.tools import SQL
from odoo.tools.sql import column_exists

from .columns import ADDITIONS, COLUMNS, EMPTY_COLUMNS
from .schema import in_short, is_of_addons, prepare, run, run_later

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
    """Make what is new on Odoo's tables, while others work.

    Odoo would close the tables until the end of the installation, and read and compute
    a million contacts.
    """
    prepare(env, ADDITIONS)
    in_short(env.cr.dbname, fill_birthdays)


def fill_birthdays(cr):
    """Fill birthdays from the birth dates of another addon: one statement."""
    if column_exists(cr, "res_partner", "birthdate_date"):
        run(
            SQL(
                "UPDATE res_partner SET"
                " customer_birthday = to_char(birthdate_date, 'MM-DD')"
                " WHERE birthdate_date IS NOT NULL AND customer_birthday IS NULL"
            ),
            cr,
        )


def post_init_hook(env):
    """Give every company its first published policy.

    So that one click classifies.
    """
    env = env(user=SUPERUSER_ID, context={**env.context, "active_test": False})
    fill_late(env)
    env["utm.medium"]._set_customer_origins()
    env["res.company"].search([], order="id")._create_first_customer_policy()


def fill_late(env):
    """Compute what Odoo would have computed where it makes a column.

    Of the rows that have nothing: tags, categories, campaigns, companies.
    """
    models = {
        model._table: env[name]
        for name, model in env.registry.items()
        if not model._abstract and model._table in COLUMNS
    }
    for table, columns in COLUMNS.items():
        model = models[table].with_context(active_test=False)
        for name in columns.keys() - EMPTY_COLUMNS:
            if model._fields[name].compute:
                missing = model.search([(name, "=", False)], order="id")
                env.add_to_compute(model._fields[name], missing)
    env.flush_all()


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
    forget_constraints("customer_classification", env)


def _restore_unique_names(table, env):
    """Restore Odoo's unique names of tags.

    A name that occurs twice in the tree gets the number of its record.
    """
    names = {
        "table": SQL.identifier(table),
        "constraint": SQL.identifier(f"{table}_name_uniq"),
    }
    unnumbered = """
        UPDATE %(table)s t
           SET name = (SELECT jsonb_object_agg(key, value || ' (' || t.id || ')')
                         FROM jsonb_each_text(t.name))
         WHERE EXISTS (SELECT FROM %(table)s first
                        WHERE first.name = t.name AND first.id < t.id)
        """
    restored = (
        "ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(constraint)s,"
        " ADD CONSTRAINT %(constraint)s UNIQUE (name)"
    )
    env.cr.execute(SQL(unnumbered, **names))
    # As Odoo makes it, which finds it by the comment and leaves it.
    said = "COMMENT ON CONSTRAINT %(constraint)s ON %(table)s IS 'unique (name)'"
    run_later(env.cr, [SQL(text, **names) for text in (restored, said)])


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


def forget_constraints(module, env):
    """Delete Odoo's notes of a module's keys, indexes and constraints.

    Odoo drops the keys with their columns, but notes on tables of other modules have no
    external id and would stay. It would drop the others at once, and close the tables
    until the end: they go after its transaction.
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
    notes = env["ir.model.constraint"].search(
        [("module.name", "=", module), ("type", "in", ("i", "u"))]
    )
    others = notes.filtered(lambda note: _is_of_others(note, env))
    run_later(env.cr, [_dropping(note, env) for note in others])
    _forget(
        "ir.model.data",
        [("model", "=", "ir.model.constraint"), ("res_id", "in", others.ids)],
        env,
    )
    env.cr.execute(
        SQL("DELETE FROM ir_model_constraint WHERE id = ANY(%s)", others.ids)
    )
    env["ir.model.constraint"].invalidate_model()


def _is_of_others(note, env):
    """Return whether a note is on a table of others, and of nobody else."""
    model = env.get(note.model.model)
    if model is None or is_of_addons(model._original_module):
        return False
    return note.search_count([("name", "=", note.name)]) == 1


def _dropping(note, env):
    if note.type == "i":
        return SQL("DROP INDEX IF EXISTS %s", SQL.identifier(note.name))
    table = env[note.model.model]._table
    names = map(SQL.identifier, (table, note.name))
    return SQL("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", *names)
