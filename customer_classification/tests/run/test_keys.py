import importlib.util
from pathlib import Path

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.models import Constraint, Index
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ...columns import ADDITIONS, EMPTY_COLUMNS
from ...models.common.keyless_many2one import KeylessMany2one
from ...schema import ADDONS, is_of_addons
from ..common import AS_OF, ClassificationCase

MIGRATION = Path(__file__).parents[2] / "migrations/19.0.1.5.0/pre-keys.py"
# Tables that runs write, and the one key kept: the merge wizard finds rows by it.
KEYS = {
    "customer_profile": {"partner_id"},
    "classification_change": {"partner_id"},
    "classification_move": {"partner_id"},
    "product_profile": {"product_tmpl_id"},
    "product_class_change": {"product_tmpl_id"},
    "product_class_move": {"product_tmpl_id"},
    "product_variant_class": {"product_id", "product_tmpl_id"},
    "campaign_profile": {"campaign_id"},
    "campaign_class_change": {"campaign_id"},
}
# Models of Odoo whose tables grow with the business.
LARGE_MODELS = (
    *("res.partner", "sale.order", "sale.order.line", "crm.lead"),
    *("account.move", "account.move.line", "product.template", "product.product"),
)


@tagged("post_install", "-at_install")
class TestKeys(ClassificationCase):
    """Rows of runs have foreign keys only to their subject."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Regular", 2_000)
        cls.made = cls._recompute()
        cls.env.flush_all()

    def _keys(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.relname, a.attname
                  FROM pg_constraint k
                  JOIN pg_class r ON r.oid = k.conrelid
                  JOIN pg_attribute a
                    ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
                 WHERE k.contype = 'f' AND r.relname = ANY(%s)
                   AND r.relnamespace = current_schema::regnamespace
                """,
                list(KEYS),
            )
        )
        found = {table: set() for table in KEYS}
        for table, column in rows:
            found[table].add(column)
        return found

    def _columns(self, table):
        rows = self.env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = current_schema AND table_name = %s",
                table,
            )
        )
        return {name for (name,) in rows}

    def test_only_the_key_of_the_subject_is_there(self):
        self.assertEqual(self._keys(), KEYS)

    def test_loading_the_models_again_adds_no_key(self):
        names = [table.replace("_", ".") for table in KEYS]
        module = {"module": "customer_classification"}
        self.env.registry.init_models(self.env.cr, names, module, install=False)
        self.assertEqual(self._keys(), KEYS)

    def test_nobody_reads_who_wrote_a_row(self):
        for table in KEYS:
            columns = self._columns(table)
            self.assertFalse(columns & {"create_uid", "write_uid", "write_date"}, table)

    def test_the_migration_drops_what_earlier_releases_had(self):
        cr = self.env.cr
        cr.execute(
            "ALTER TABLE customer_profile ADD COLUMN write_uid int,"
            " ADD CONSTRAINT old_run_key FOREIGN KEY (run_id)"
            " REFERENCES classification_run,"
            " ADD CONSTRAINT old_user_key FOREIGN KEY (write_uid) REFERENCES res_users"
        )
        self.assertNotEqual(self._keys(), KEYS)
        spec = importlib.util.spec_from_file_location("keys", MIGRATION)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(cr, "19.0.1.4.0")
        self.assertEqual(self._keys(), KEYS)
        self.assertNotIn("write_uid", self._columns("customer_profile"))
        self.assertEqual(set(script.TABLES), set(KEYS))

    def test_every_model_that_is_referred_to_keeps_the_rule(self):
        fields = [
            field
            for model in self.env.registry.values()
            for field in model._fields.values()
            if isinstance(field, KeylessMany2one)
        ]
        self.assertTrue(fields)
        for field in fields:
            model = self.env[field.comodel_name]
            self.assertTrue(hasattr(model, "_unlink_references"), field)

    # Deleting records that rows refer to

    def _unlink(self, records):
        """Delete records past the checks of their own models."""
        with self.env.cr.savepoint():
            records._unlink_references()

    def test_what_customers_have_is_not_deleted(self):
        profile = self._profile(self.customer)
        for records in (
            profile.value_tier_id,
            profile.lifecycle_stage_id,
            profile.segment_id,
            profile.policy_id,
        ):
            with self.assertRaisesRegex(UserError, "cannot be deleted"):
                self._unlink(records)

    def test_what_the_history_names_is_not_deleted(self):
        tier = self._profile(self.customer).value_tier_id
        self.env.cr.execute(
            "UPDATE customer_profile SET value_tier_id = NULL, shadow_tier_id = NULL"
        )
        with self.assertRaisesRegex(UserError, "First Classes of a Customer"):
            self._unlink(tier)
        self.env["classification.change"].search([])._unpack()
        with self.assertRaisesRegex(UserError, "Classification Change"):
            self._unlink(tier)

    def test_the_sentence_names_what_is_deleted(self):
        tier = self._profile(self.customer).value_tier_id
        with self.assertRaisesRegex(UserError, tier.name):
            self._unlink(tier)

    def test_what_nobody_refers_to_is_deleted(self):
        tier = self.env["customer.value.tier"].create({"name": "Rare", "code": "rare"})
        tier.unlink()
        self.assertFalse(tier.exists())

    def test_rows_forget_a_run(self):
        profile = self._profile(self.customer)
        changes = self.env["classification.change"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(profile.run_id | changes.run_id, self.made)
        self._unlink(self.made)
        self.assertFalse(profile.run_id | changes.run_id)
        self.assertTrue(profile.exists() and changes.exists())

    def test_moves_go_with_their_preview(self):
        draft = self.policy.copy()
        draft.tier_ids.sorted("tier_sequence")[0].limit *= 1_000
        preview = draft.recompute(as_of_date=AS_OF, kind="preview")
        moves = self.env["classification.move"].search([("run_id", "=", preview.id)])
        self.assertTrue(moves)
        preview.unlink()
        self.assertFalse(moves.exists())

    def test_a_draft_with_moves_is_not_deleted(self):
        draft = self.policy.copy()
        draft.tier_ids.sorted("tier_sequence")[0].limit *= 1_000
        draft.recompute(as_of_date=AS_OF, kind="preview")
        with self.assertRaisesRegex(UserError, "Rehearsed Move"):
            draft.unlink()

    def test_rows_go_with_their_company(self):
        profile = self._profile(self.customer)
        self._unlink(self.company)
        self.assertFalse(profile.exists())
        found = self.env["classification.change"].search_count(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertFalse(found)

    def test_rows_of_others_stay(self):
        other = self._company("Other Ltd")
        self._unlink(other)
        self.assertTrue(self._profile(self.customer))

    def test_a_campaign_forgets_its_type(self):
        kind = self.env["campaign.type"].create({"name": "Fair"})
        campaign = self.env["utm.campaign"].create({"title": "Fair of the year"})
        result = self.env["campaign.profile"].create(
            {
                "campaign_id": campaign.id,
                "company_id": self.company.id,
                "type_id": kind.id,
            }
        )
        kind.unlink()
        self.assertTrue(result.exists())
        self.assertFalse(result.type_id)


@tagged("post_install", "-at_install")
class TestColumnsOfOdoo(TransactionCase):
    """Columns, indexes and constraints on Odoo's tables are declared."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = [
            cls.env[name]
            for name, model in cls.env.registry.items()
            if model._auto
            and not model._abstract
            and not is_of_addons(model._original_module)
        ]

    def _columns(self):
        return [
            (model, field)
            for model in self.models
            for field in model._fields.values()
            if field._module == ADDONS and field.store and field.column_type
        ]

    def test_all_columns_are_declared_with_their_type(self):
        wanted = {
            (model._table, field.name, field.column_type[1].lower())
            for model, field in self._columns()
        }
        declared = {
            (table, name, kind.split()[0])
            for table, columns in ADDITIONS.columns.items()
            for name, kind in columns.items()
        }
        self.assertEqual(declared, wanted)

    def test_defaults_are_those_of_the_fields(self):
        by_chance = {"campaign_salt"}
        for model, field in self._columns():
            __, __, default = ADDITIONS.columns[model._table][field.name].partition(
                " DEFAULT "
            )
            said = field.default and field.default(model.with_user(SUPERUSER_ID))
            self.assertEqual(bool(default), bool(said), field)
            if default and field.name not in by_chance:
                self.env.cr.execute(SQL("SELECT (%s)::text", SQL(default)))
                [value] = self.env.cr.fetchone()
                self.assertEqual(value.lower(), str(said).lower(), field)

    def test_required_columns_take_no_other_rows(self):
        required = {field.name for __, field in self._columns() if field.required}
        declared = {
            name
            for columns in ADDITIONS.columns.values()
            for name, kind in columns.items()
            if "NOT NULL" in kind
        }
        self.assertEqual(declared, required)

    def test_large_tables_have_no_computed_column_with_a_value(self):
        """Only columns that are empty for every contact may be made empty."""
        computed = {
            field.name
            for model, field in self._columns()
            if model._name in LARGE_MODELS and (field.compute or field.default)
        }
        self.assertEqual(computed, EMPTY_COLUMNS)

    def test_all_indexes_are_declared(self):
        wanted = {
            (model._table, field.name): field.index
            for model, field in self._columns()
            if field.index
        }
        declared = {
            (table, name): kind if kind != "btree" else True
            for table, columns in ADDITIONS.indexed.items()
            for name, kind in columns.items()
        }
        self.assertEqual(declared, wanted)

    def test_all_indexes_and_constraints_by_name_are_declared(self):
        found = {Index: {}, Constraint: {}}
        for model in self.models:
            for name, made in model._table_objects.items():
                if made._module == ADDONS:
                    definition = made.get_definition(self.env.registry)
                    found[type(made)][name] = definition.removeprefix("INDEX ")
        for kind, declared in (
            (Index, ADDITIONS.indexes),
            (Constraint, ADDITIONS.constraints),
        ):
            named = {
                f"{table}_{name}": definition
                for table, definitions in declared.items()
                for name, definition in definitions.items()
            }
            self.assertEqual(named, found[kind])

    def test_all_foreign_keys_are_there(self):
        """They are added after Odoo's transaction."""
        self.env.cr.execute(
            """
            SELECT r.relname, a.attname, k.convalidated
              FROM pg_constraint k
              JOIN pg_class r ON r.oid = k.conrelid
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
             WHERE k.contype = 'f' AND r.relnamespace = current_schema::regnamespace
            """
        )
        there = {row[:2]: row[2] for row in self.env.cr.fetchall()}
        self.assertEqual([key for key, valid in there.items() if not valid], [])
        missing = [
            str(field)
            for model in self.env.values()
            if model._auto and not model._abstract and model._is_an_ordinary_table()
            for field in model._fields.values()
            if field.type == "many2one" and field.store and field.column_type
            if field._module == ADDONS or is_of_addons(model._original_module)
            if not isinstance(field, KeylessMany2one) and not field.company_dependent
            if self.env[field.comodel_name]._is_an_ordinary_table()
            and field.comodel_name != "ir.actions.actions"
            if (model._table, field.name) not in there
        ]
        self.assertEqual(missing, [])

    def test_foreign_keys_are_noted_as_by_odoo(self):
        self.env.cr.execute(
            """
            SELECT k.conname FROM pg_constraint k
              JOIN pg_class r ON r.oid = k.conrelid
              LEFT JOIN ir_model_constraint c ON c.name = k.conname AND c.type = 'f'
             WHERE k.contype = 'f' AND c.id IS NULL AND r.relname LIKE 'customer\\_%'
               AND r.relnamespace = current_schema::regnamespace
            """
        )
        self.assertEqual(self.env.cr.fetchall(), [])
