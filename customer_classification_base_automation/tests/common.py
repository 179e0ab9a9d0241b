"""Builders for the tests of automation rules."""

from odoo.fields import Command


class RulesMixin:
    """Rules that leave a mark, and the delivery of events to them."""

    @property
    def events(self):
        return self.env["classification.event"]

    def _rule(self, model, trigger, code, **values):
        """An automation rule whose action writes a line into a note of the test."""
        model = self.env["ir.model"]._get(model)
        action = self.env["ir.actions.server"].create(
            {
                "name": "Action of the test",
                "model_id": model.id,
                "state": "code",
                "code": code,
            }
        )
        rule = self.env["base.automation"].create(
            {
                "name": "Rule of the test",
                "model_id": model.id,
                "trigger": trigger,
                "action_server_ids": [Command.link(action.id)],
                **values,
            }
        )
        # The tests are one transaction: make the rule older than later writes.
        self.env.cr.execute(
            "UPDATE base_automation SET create_date = create_date - interval '1 day'"
            " WHERE id = %s",
            rule.ids,
        )
        rule.invalidate_recordset()
        return rule

    def _note(self, field="partner_id"):
        """Code of an action that leaves the customer's name on its contact."""
        partner = "record" if field is None else f"record.{field}"
        return f"{partner}.write({{'function': ({partner}.function or '') + 'x'}})"

    def _trigger_fields(self, *names, model="customer.profile"):
        fields = [self.env["ir.model.fields"]._get(model, name).id for name in names]
        return {"trigger_field_ids": [Command.set(fields)]}

    def _deliver(self):
        while batch := self.events._next_batch():
            batch._deliver_or_keep()
        self.assertFalse(self.events.search([]).mapped("error"))
