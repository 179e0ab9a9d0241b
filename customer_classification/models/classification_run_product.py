from odoo import api, fields, models

from ..copy_frames import write_frame
from . import classification_product_columns as columns
from .classification_product_columns import PRODUCT_KINDS


class ClassificationRun(models.Model):
    """A run over products and services: the same record, lock, queue and path, with
    other facts and another engine.

    *Query budget*: 38 for any number of products.
    """

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(
        selection_add=[
            ("product", "Products"),
            ("product_preview", "Preview of Products"),
        ],
        ondelete={"product": "cascade", "product_preview": "cascade"},
    )
    product_change_count = fields.Integer(
        string="Product Changes", readonly=True, aggregator=None
    )
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
    def _prepare_products(self, policy, as_of_date=None, kind="production"):
        """A run over the products about to be executed in this transaction."""
        return self._prepare_of_kind(policy, PRODUCT_KINDS[kind], as_of_date)

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
        if self._is_over_products():
            return self._run_product_phases()
        return super()._run_phases(watermark)

    def _is_over_products(self):
        return self.kind in PRODUCT_KINDS.values()

    def _run_product_phases(self):
        """Collect, score, compare, write; return the state in which the run ends."""
        from ..engine import classify_products, product_changes

        last = self._last_product_run(self.company_id)
        if self.kind == "product" and last and self.as_of_date < last.as_of_date:
            self.notes = [{"code": "clock_back"}]
            return "done"
        parameters = self._product_parameters()
        facts_model = self.env["classification.product.facts"]
        state = facts_model._read(self.policy_id, parameters, self.as_of_date)
        facts, previous = state.sold.facts, state.previous
        parameters = self._remembering("product", parameters, previous)
        self._set_aside(state.problems, "product_tmpl_id", kind="product")
        self._enter("score", 50)
        frame = classify_products(state.sold, previous, parameters, self.as_of_date)
        shown = self._shown_products(previous, frame)
        old_rules = self._products_by_old_rules(state, shown)
        moves = product_changes(previous, facts, frame, parameters, shown, old_rules)
        moves = self._with_product_grace_ends(state, moves, frame, parameters)
        self._enter("write", 70)
        self._write_product_summary(frame, moves)
        self._rehearse_products(facts, previous, shown)
        if self._products_wait(facts, previous, moves):
            self._write_product_moves(facts, moves)
            return "waiting"
        if self.kind == "product_preview":
            self._write_product_moves(facts, moves)
            return "done"
        self._write_product_profiles(state, frame, shown.now)
        self._write_product_changes(facts, moves, "product_class_change")
        self._delete_product_profiles(state.gone)
        self._write_variant_classes(state.split, shown.now, parameters)
        if any(classes["is_overridden"].any() for classes in shown):
            overrides = self.env["product.class.override"]
            overrides._update_status(self.company_id, self.as_of_date)
        return "done"

    def _shown_products(self, previous, frame):
        """Classes as people see them, before and now, and which of them a person gave:
        two queries."""
        from ..engine import PRODUCT_AXES, Shown, lay_over

        axes = list(PRODUCT_AXES)
        decided, before = self.env["product.class.override"]._decided(
            self.company_id, self.as_of_date
        )
        now = lay_over(frame[axes], decided)
        now["is_overridden"] = now.index.isin(decided.index)
        was = lay_over(previous[axes], before)
        was["is_overridden"] = was.index.isin(before.index)
        return Shown(was, now)

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

    def _write_product_profiles(self, state, frame, shown):
        """Write the profiles whose content differs from what stands: four queries."""
        content = columns.profile_content(
            state.sold.facts, state.products, frame, shown, self._rules_id("product")
        )
        differs = content["content_hash"] != state.previous["content_hash"]
        content = content[differs].reset_index()
        self.written_count = len(content)
        if content.empty:
            return
        kinds = {"product": "int", **columns.profile_kinds()}
        write_frame(self.env.cr, content, "tmp_product_profile", kinds)
        self.env.cr.execute(columns.upsert_profiles(self))
        self.env.cr.execute("DROP TABLE tmp_product_profile")
        self.env["product.profile"].invalidate_model()

    def _write_product_changes(self, facts, moves, table):
        """Append the moves to the history, or to the moves of this run: four
        queries."""
        if moves.empty:
            return
        rows = columns.change_rows(facts, moves)
        write_frame(self.env.cr, rows, "tmp_product_change", columns.CHANGE_KINDS)
        self.env.cr.execute(columns.insert_changes(self, table))
        self.env.cr.execute("DROP TABLE tmp_product_change")
        self.env["product.class.change"].invalidate_model()
        self.env["product.class.move"].invalidate_model()

    def _write_product_moves(self, facts, moves):
        self._write_product_changes(facts, moves, "product_class_move")

    def _write_variant_classes(self, split, shown, parameters):
        """The classes of variants, where products have several: four queries, or one
        where none has."""
        from ..engine import classify_variants

        if split is None:
            self.env["product.variant.class"]._forget(self.company_id)
            return
        frame = classify_variants(split.sold, parameters, self.as_of_date)
        rows = columns.variant_rows(split, frame, shown)
        kinds = columns.variant_kinds()
        write_frame(self.env.cr, rows, "tmp_product_variant", kinds)
        self.env.cr.execute(columns.delete_variants(self))
        self.env.cr.execute(columns.upsert_variants(self))
        self.env.cr.execute("DROP TABLE tmp_product_variant")
        self.env["product.variant.class"].invalidate_model()

    def _delete_product_profiles(self, product_ids):
        """Forget what was never sold and is not for sale any more."""
        if product_ids:
            self.env["product.profile"].with_context(active_test=False).search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("product_tmpl_id", "in", product_ids),
                ]
            ).unlink()
