from odoo import api, models

from odoo.addons.base_automation.models.base_automation import (
    CREATE_TRIGGERS,
    WRITE_TRIGGERS,
)
from odoo.addons.customer_classification.models.classified.kind import (
    CAMPAIGN,
    CUSTOMER,
    PRODUCT,
)

# Of each kind of run, what it classifies, and the model of its changes.
WRITTEN_BY_RUNS = {
    "production": (CUSTOMER, "classification.change"),
    "product": (PRODUCT, "product.class.change"),
    "campaign": (CAMPAIGN, "campaign.class.change"),
}
MODEL_OF_TAGS = "res.partner"


class BaseAutomation(models.Model):
    _inherit = "base.automation"

    @api.model
    def _listens_to(self, *model_names):
        """Return whether a rule waits for something written on models."""
        return bool(
            self.sudo().search_count(
                [
                    ("model_name", "in", model_names),
                    ("trigger", "in", [*CREATE_TRIGGERS, *WRITE_TRIGGERS]),
                ],
                limit=1,
            )
        )

    @api.model
    def _fire_created(self, records, since):
        """Have the rules see records as just created.

        :param since: moment of the creation; younger rules do not see it
        """
        rules = self._get_actions(records, CREATE_TRIGGERS)
        for rule in rules._older_than(since).with_context(old_values=None):
            found, domain = rule._filter_post_export_domain(records, feedback=True)
            rule._process(found, domain_post=domain)

    @api.model
    def _fire_written(self, records, old_values, since):
        """Have the rules see records as just written.

        As Odoo's own hook of ``write`` does: the condition before the change looks at
        the old values, and fields that did not change trigger nothing.

        :param old_values: ``{id: {stored field: value before}}``
        :param since: moment of the change; younger rules do not see it
        """
        rules = self._get_actions(records, WRITE_TRIGGERS)._older_than(since)
        if not rules:
            return
        records = records.with_env(rules.env)
        before = self._before_change(rules, records, old_values)
        for rule in rules.with_context(old_values=old_values):
            found, domain = rule._filter_post_export_domain(before[rule], feedback=True)
            rule._process(found, domain_post=domain)

    @api.model
    def _before_change(self, rules, records, old_values):
        """Return ``{rule: records that met its condition before the change}``."""
        names = {name for values in old_values.values() for name in values}
        for record in records:
            for name, value in old_values.get(record.id, {}).items():
                field = record._fields[name]
                kept = field.convert_to_cache(value, record)
                field._update_cache(record, kept)
        try:
            return {rule: rule._filter_pre(records) for rule in rules}
        finally:
            records.invalidate_recordset(names, flush=False)

    def _older_than(self, moment):
        return self.filtered(lambda rule: rule.sudo().create_date <= moment)
