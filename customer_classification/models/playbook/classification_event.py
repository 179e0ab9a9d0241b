from odoo import api, models

CLASS_AXES = ("value_tier", "lifecycle_stage", "churn_risk")


class ClassificationEvent(models.Model):
    _inherit = "classification.event"

    @api.model
    def _listens(self, company):
        playbooks = self.env["customer.playbook"]
        return super()._listens(company) or bool(
            playbooks._listening(company, CLASS_AXES)
        )

    @api.model
    def _listens_to_tags(self):
        playbooks = self.env["customer.playbook"]
        return super()._listens_to_tags() or bool(playbooks._listening(None, ("tag",)))

    def _deliver(self):
        """Open cases as well: a few queries for each playbook that listens."""
        delivered = super()._deliver()
        playbooks = self.env["customer.playbook"]
        for company, events in self.grouped("company_id").items():
            if company:
                playbooks._listening(company, CLASS_AXES)._open_for_events(events)
        if any(event.tags for event in self):
            playbooks._listening(None, ("tag",))._open_for_events(self)
        return delivered

    @api.model
    def _cron_deliver(self):
        """Have the playbooks work on what was opened."""
        result = super()._cron_deliver()
        playbooks = self.env["customer.playbook"]
        if playbooks.sudo().search_count([("state", "=", "running")], limit=1):
            playbooks._wake()
        return result
