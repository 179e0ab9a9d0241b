from odoo import models

from .customer_playbook_task import CASE


class MailActivity(models.Model):
    """Activities of cases are their steps: what people do with them is noted."""

    _inherit = "mail.activity"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active") is False:
            if tasks := self._customer_playbook_tasks():
                tasks._activities_done()
        if vals.get("user_id"):
            self._customer_playbook_tasks().user_id = vals["user_id"]
        return result

    def unlink(self):
        tasks = self._customer_playbook_tasks()
        result = super().unlink()
        dropped = tasks.filtered(lambda one: one.state == "open")
        dropped.write({"state": "cancelled"})
        return result

    def _customer_playbook_tasks(self):
        """Return the tasks of these activities: a query where there are any."""
        tasks = self.env["customer.playbook.task"].sudo()
        own = self.sudo().filtered(lambda one: one.res_model == CASE)
        return tasks._of_activities(own) if own else tasks
