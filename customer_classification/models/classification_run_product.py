from odoo import api, fields, models

from ..copy_frames import write_frame
from . import classification_product_columns as columns


class ClassificationRun(models.Model):
    """A run over products and services: the same record, lock, queue and path, with
    other facts and another engine.

    *Query budget*: 34 for any number of products.
    """

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(
        selection_add=[("product", "Products")], ondelete={"product": "cascade"}
    )
    product_change_count = fields.Integer(string="Product Changes", readonly=True)
    product_change_ids = fields.One2many(
        "product.class.change", "run_id", readonly=True
    )

    @api.depends("product_change_count")
    def _compute_change_count(self):
        result = super()._compute_change_count()
        for run in self:
            run.change_count += run.product_change_count
        return result

    # Starting

    @api.model
    def _daily_kinds(self):
        return [*super()._daily_kinds(), "product"]

    @api.model
    def _prepare_products(self, policy, as_of_date=None):
        """A run over the products about to be executed in this transaction."""
        return self._prepare_of_kind(policy, "product", as_of_date)

    @api.model
    def _queue_products(self, policy):
        """The run over products that waits already, or a new one."""
        return self._queue_of_kind(policy, "product")

    @api.model
    def _last_product_run(self, company):
        """The last run over the products of a company that ended well: one query."""
        return self._last_run_of_kind(company, "product")

    # Executing

    def _run_phases(self, watermark):
        if self.kind == "product":
            return self._run_product_phases()
        return super()._run_phases(watermark)

    def _run_product_phases(self):
        """Collect, score, compare, write; return the state in which the run ends."""
        from ..engine import classify_products, product_changes

        last = self._last_product_run(self.company_id)
        if last and self.as_of_date < last.as_of_date:
            self.notes = [{"code": "clock_back"}]
            return "done"
        parameters = self.policy_id._product_parameters()
        facts_model = self.env["classification.product.facts"]
        sold, products, previous, gone = facts_model._read(
            self.policy_id, parameters, self.as_of_date
        )
        self._enter("score", 50)
        frame = classify_products(sold, previous, parameters, self.as_of_date)
        moves = product_changes(previous, sold.facts, frame, parameters)
        self._enter("write", 70)
        self._write_product_summary(frame, moves)
        self._write_product_profiles(sold.facts, products, previous, frame)
        self._write_product_changes(sold.facts, moves)
        self._delete_product_profiles(gone)
        return "done"

    def _write_product_summary(self, frame, moves):
        from ..engine import ABC_REASONS, CAUSES

        held = [ABC_REASONS.index(reason) + 1 for reason in ("kept", "grace")]
        per_cause = moves["cause"].value_counts()
        self.write(
            {
                **{
                    f"{cause}_change_count": int(per_cause.get(number, 0))
                    for number, cause in enumerate(CAUSES, 1)
                },
                "looked_at_count": len(frame),
                "held_back_count": int(frame["abc_reason"].isin(held).sum()),
                "unrated_count": int((frame["abc"] == 0).sum()),
                "product_change_count": len(moves),
            }
        )

    def _write_product_profiles(self, facts, products, previous, frame):
        """Write the profiles whose content differs from what stands: four queries."""
        content = columns.profile_content(facts, products, frame, self.policy_id.id)
        differs = content["content_hash"] != previous["content_hash"]
        content = content[differs].reset_index()
        self.written_count = len(content)
        if content.empty:
            return
        kinds = {"product": "int", **columns.profile_kinds()}
        write_frame(self.env.cr, content, "tmp_product_profile", kinds)
        self.env.cr.execute(columns.upsert_profiles(self))
        self.env.cr.execute("DROP TABLE tmp_product_profile")
        self.env["product.profile"].invalidate_model()

    def _write_product_changes(self, facts, moves):
        """Append the moves to the history: four queries."""
        if moves.empty:
            return
        rows = columns.change_rows(facts, moves)
        write_frame(self.env.cr, rows, "tmp_product_change", columns.CHANGE_KINDS)
        self.env.cr.execute(columns.insert_changes(self))
        self.env.cr.execute("DROP TABLE tmp_product_change")
        self.env["product.class.change"].invalidate_model()

    def _delete_product_profiles(self, product_ids):
        """Forget what was never sold and is not for sale any more."""
        if product_ids:
            self.env["product.profile"].with_context(active_test=False).search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("product_tmpl_id", "in", product_ids),
                ]
            ).unlink()

    # Telling

    def _result_sentence(self):
        if self.kind == "product" and self.state == "done":
            return self.env._(
                "%(products)s products looked at, %(changes)s classes changed.",
                products=self.looked_at_count,
                changes=self.change_count,
            )
        return super()._result_sentence()

    def action_open_changes(self):
        if self.kind != "product":
            return super().action_open_changes()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.product_class_change_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}
        return action
