"""Contents of a database as sets of names, to compare before and after."""

from odoo_commands import query

# {kind: query of one text column}. Names do not change when the same thing is made
# again: no ids.
CATALOG = {
    "relation": """
        SELECT concat_ws(' ', c.relkind, c.relname) FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace
           AND c.relkind IN ('r', 'v', 'm', 'S', 'f', 'p')
    """,
    "column": """
        SELECT concat_ws(' ', table_name || '.' || column_name, udt_name, is_nullable,
                         column_default)
          FROM information_schema.columns WHERE table_schema = 'public'
    """,
    # Odoo declares the key of a rule's groups twice, each side with another end: that
    # of the model which an addon extended last is in force.
    "constraint": """
        SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
           AND conname <> 'rule_group_rel_group_id_fkey'
    """,
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": """
        SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger
         WHERE NOT tgisinternal
    """,
    "function": """
        SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """,
    "type": """
        SELECT typname FROM pg_type
         WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
    """,
    "extension": "SELECT extname FROM pg_extension",
    "storage option": """
        SELECT concat_ws(' ', relname, reloptions) FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
    """,
}
RECORDS = {
    "model": "SELECT model FROM ir_model",
    "field": "SELECT model || '.' || name FROM ir_model_fields",
    "selection": """
        SELECT concat_ws(' ', f.model || '.' || f.name, s.value)
          FROM ir_model_fields_selection s JOIN ir_model_fields f ON f.id = s.field_id
    """,
    # The list of existing modules does not depend on installed ones.
    "external id": """
        SELECT module || '.' || name FROM ir_model_data
         WHERE model <> 'ir.module.module'
    """,
    "declared constraint": "SELECT name FROM ir_model_constraint",
    "declared relation": "SELECT name FROM ir_model_relation",
    "inheritance": """
        SELECT concat_ws(' ', c.model, p.model) FROM ir_model_inherit i
          JOIN ir_model c ON c.id = i.model_id JOIN ir_model p ON p.id = i.parent_id
    """,
    "view": "SELECT concat_ws(' ', model, type, name, priority) FROM ir_ui_view",
    "menu": "SELECT name->>'en_US' FROM ir_ui_menu",
    "action": "SELECT concat_ws(' ', type, name->>'en_US', path) FROM ir_actions",
    "scheduled action": "SELECT cron_name FROM ir_cron",
    "access right": "SELECT name FROM ir_model_access",
    "record rule": "SELECT name FROM ir_rule",
    "group": "SELECT name->>'en_US' FROM res_groups",
    "privilege": "SELECT name->>'en_US' FROM res_groups_privilege",
    "implied group": """
        SELECT concat_ws(' implies ', a.name->>'en_US', b.name->>'en_US')
          FROM res_groups_implied_rel r
          JOIN res_groups a ON a.id = r.gid JOIN res_groups b ON b.id = r.hid
    """,
    "sequence": "SELECT concat_ws(' ', code, name) FROM ir_sequence",
    "parameter": "SELECT key FROM ir_config_parameter",
    "asset": "SELECT concat_ws(' ', bundle, path) FROM ir_asset",
    "filter": "SELECT concat_ws(' ', model_id, name) FROM ir_filters",
    "file": """
        SELECT concat_ws(' ', res_model, res_field, name) FROM ir_attachment
         WHERE COALESCE(url, '') NOT LIKE '/web/assets/%'
    """,
    "default": """
        SELECT concat_ws(' ', f.model || '.' || f.name, d.json_value)
          FROM ir_default d JOIN ir_model_fields f ON f.id = d.field_id
    """,
    "module": "SELECT name FROM ir_module_module WHERE state <> 'uninstalled'",
}
# Tables whose number of rows may differ: users' data, and Odoo's own bookkeeping.
CHANGING = {
    *("res_partner", "utm_campaign", "ir_attachment", "base_registry_signaling"),
    *("product_template", "product_product", "product_value"),
    *("ir_module_module", "ir_module_module_dependency", "ir_module_category"),
    *("ir_module_module_exclusion", "ir_model_data", "ir_logging"),
    *("ir_cron_trigger", "ir_cron_progress", "ir_profile"),
    *("res_users_deletion", "res_users_log", "res_device_log"),
    *("bus_bus", "orm_signaling_registry", "orm_signaling_assets"),
    *("orm_signaling_default", "orm_signaling_groups", "orm_signaling_routing"),
    *("orm_signaling_stable", "orm_signaling_templates"),
    *("mail_message", "mail_followers", "mail_notification"),
}


def snapshot(connection):
    """`{kind: names}`; names that occur more than once are numbered."""
    kinds = {
        kind: _numbered(row[0] for row in query(connection, statement))
        for kind, statement in {**CATALOG, **RECORDS}.items()
    }
    kinds["rows"] = {
        f"{table}: {_row_count(connection, table)}"
        for table in _tables(connection) - CHANGING
    }
    return kinds


def _row_count(connection, table):
    [(count,)] = query(connection, f'SELECT count(*) FROM "{table}"')
    return count


def _numbered(names):
    seen, numbered = {}, set()
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        numbered.add(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return numbered


def _tables(connection):
    statement = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {table for (table,) in query(connection, statement)}


def differences(before, after):
    """Return lines `+ kind: name` for new and `- kind: name` for missing."""
    return [
        f"{sign} {kind}: {name}"
        for kind in before
        for sign, names in (
            ("+", after[kind] - before[kind]),
            ("-", before[kind] - after[kind]),
        )
        for name in sorted(names, key=str)
    ]
