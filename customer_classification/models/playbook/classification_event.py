from odoo import api, models

CLASS_AXES = ("value_tier", "lifecycle_stage", "churn_risk")


class ClassificationEvent(models.Model):
    _inherit = "classification.event"

    @api.model
    def _listens(self, run):
        playbooks = self.env["customer.playbook"]
        return super()._listens(run) or bool(
            run.kind == "production"
            and playbooks._listening(run.company_id, CLASS_AXES)
        )

    @api.model
    def _listens_to_segments(self, run):
        playbooks = self.env["customer.playbook"]
        return super()._listens_to_segments(run) or bool(
            playbooks._listening(run.company_id, ("segment",))
        )

    @api.model
    def _listens_to_tags(self):
        playbooks = self.env["customer.playbook"]
        return super()._listens_to_tags() or bool(playbooks._listening(None, ("tag",)))

    def _deliver(self):
        """Open cases as well: a few queries for each playbook that listens."""
        delivered = super()._deliver()
        playbooks = self.env["customer.playbook"]
        customers = self.filtered("partner_id")
        for company, events in customers.grouped("company_id").items():
            if company:
                axes = (*CLASS_AXES, "segment")
                playbooks._listening(company, axes)._open_for_events(events)
        if any(event.tags for event in customers):
            playbooks._listening(None, ("tag",))._open_for_events(customers)
        return delivered

    @api.model
    def _cron_deliver(self):
        """Have the playbooks work on what was opened."""
        result = super()._cron_deliver()
        playbooks = self.env["customer.playbook"]
        if playbooks.sudo().search_count([("state", "=", "running")], limit=1):
            playbooks._wake()
        return result
