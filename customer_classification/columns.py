"""Columns, indexes and constraints of this addon on Odoo's tables.

Made before Odoo's transaction by ``schema.prepare``. ``TestColumnsOfOdoo`` compares
them with the fields.
"""

from .schema import Additions

_TAG = {
    "tag_sort_key": "varchar",
    "code": "varchar",
    "description": "jsonb",
    "tag_type": "varchar",
    "tag_is_exclusive": "bool",
    "tag_owner_id": "int4",
    "tag_review_date": "date",
    "tag_reminded_date": "date",
    "tag_record_count": "int4",
    "tag_last_use_date": "date",
}
_TREE = {"parent_id": "int4", "parent_path": "varchar"}

COLUMNS = {
    "res_partner": {
        "customer_preferred_channel": "varchar",
        "customer_employee_count": "int4",
        "customer_turnover": "numeric",
        "customer_turnover_currency_id": "int4",
        "customer_company_size": "varchar",
        "birthdate_date": "date",
        "gender": "varchar",
        "customer_referrer_id": "int4",
        "customer_birthday": "varchar(5)",
        "customer_objects_profiling": "bool",
        "customer_objection_date": "date",
        "customer_objection_note": "varchar",
        "customer_checked_date": "date",
    },
    "crm_lead": {"customer_referrer_id": "int4"},
    "product_template": {
        "product_service_type_id": "int4",
        "product_delivery_mode": "varchar",
    },
    "product_category": {
        "category_sequence": "int4 DEFAULT 10",
        "category_description": "jsonb",
        "category_sort_key": "varchar",
    },
    "utm_campaign": {
        "campaign_type_id": "int4",
        "campaign_goal": "varchar DEFAULT 'sales'",
        "campaign_channel": "varchar",
        "campaign_start_date": "date",
        "campaign_end_date": "date",
        "campaign_budget": "numeric",
        "campaign_planned_cost": "numeric",
        "campaign_target_participants": "int4",
        "campaign_target_leads": "int4",
        "campaign_target_revenue": "numeric",
        "campaign_attribution_days": "int4",
        "campaign_target_domain": "varchar",
        "campaign_targeted_by_id": "int4 DEFAULT 1",  # Odoo's own user
        "campaign_error_reason": "jsonb",
        "campaign_audience_mode": "varchar NOT NULL DEFAULT 'frozen'",
        "campaign_control_share": "numeric",
        "campaign_salt": "varchar DEFAULT md5(random()::text)",
    },
    "utm_medium": {"customer_origin": "varchar"},
    "res_company": {
        "customer_notes_moves": "bool",
        "customer_mails_moves": "bool",
        "customer_moves_mailed_until": "date",
        "customer_playbook_limit": "int4 DEFAULT 20",
        "customer_today_limit": "int4 DEFAULT 20",
        "customer_first_steps": "bool",
        "customer_template": "varchar",
        "customer_template_policy_id": "int4",
    },
    "res_country_group": {"customer_region_sequence": "int4 DEFAULT 10"},
    "res_partner_industry": {**_TREE, "customer_code_letters": "varchar"},
    "res_partner_category": {**_TAG, "sequence": "int4 DEFAULT 10"},
    "product_tag": {**_TAG, **_TREE, "active": "bool DEFAULT TRUE"},
    "utm_tag": {
        **_TAG,
        **_TREE,
        "sequence": "int4 DEFAULT 10",
        "active": "bool DEFAULT TRUE",
    },
    "digest_digest": dict.fromkeys(
        ("kpi_customer_new", "kpi_customer_better", "kpi_customer_lost"), "bool"
    ),
    "base_import_import": {"customer_reading": "jsonb"},
}

# Stored fields of contacts that are computed from what nobody has entered yet: all
# empty, but for the birthdays where another addon kept birth dates before.
EMPTY_COLUMNS = {
    "customer_turnover_currency_id",
    "customer_company_size",
    "customer_birthday",
}

INDEXED = {
    "crm_lead": {"customer_referrer_id": "btree_not_null"},
    "product_category": {"category_sort_key": "btree"},
    "product_tag": {"parent_id": "btree", "parent_path": "btree"},
    "product_template": {"product_service_type_id": "btree_not_null"},
    "res_partner": {
        "customer_referrer_id": "btree_not_null",
        "customer_birthday": "btree_not_null",
    },
    "res_partner_industry": {"parent_id": "btree", "parent_path": "btree"},
    "utm_campaign": {
        "campaign_type_id": "btree_not_null",
        "campaign_start_date": "btree",
    },
    "utm_tag": {"parent_id": "btree", "parent_path": "btree"},
}

INDEXES = {
    "account_move": {
        "customer_write_date_index": (
            "(write_date) WHERE move_type IN ('out_invoice', 'out_refund',"
            " 'out_receipt')"
        ),
        "customer_credit_note_index": (
            "(company_id, invoice_date) WHERE move_type = 'out_refund'"
        ),
    },
    "crm_lead": {"customer_write_date_index": "(write_date)"},
    "mail_message": {
        "customer_create_date_index": (
            "USING brin (create_date) WITH (autosummarize = on)"
        ),
    },
    "res_partner": {
        "customer_write_date_index": "(write_date)",
        "customer_user_index": "(user_id) WHERE user_id IS NOT NULL",
        "customer_objection_index": "(id) WHERE customer_objects_profiling IS TRUE",
    },
    "sale_order": {
        "customer_write_date_index": "(write_date)",
        "customer_validity_index": (
            "(company_id, validity_date) WHERE state IN ('draft', 'sent')"
        ),
    },
}

# Of small tables: making one reads the table while it is closed.
CONSTRAINTS = {
    "product_tag": {"name_uniq": "unique (parent_id, name)"},
    "utm_tag": {"name_uniq": "unique (parent_id, name)"},
    "res_company": {
        "customer_playbook_limit_bounds": (
            "CHECK(customer_playbook_limit BETWEEN 0 AND 10000)"
        ),
        "customer_today_limit_bounds": (
            "CHECK(customer_today_limit BETWEEN 1 AND 200)"
        ),
    },
}

ADDITIONS = Additions(COLUMNS, INDEXED, INDEXES, CONSTRAINTS)
