"""Pipeline of runs over products and services."""

from dataclasses import replace
from datetime import timedelta
from functools import cached_property

from odoo.tools import SQL

from ...engine import ABC_REASONS, PRODUCT_AXES
from ..policy.rule_fields import DOCUMENT_FIELDS
from ..run.pipeline import Pipeline
from . import columns, rehearsal
from .memory import ends_of_grace, remembering
from .next_products import NextProducts, are_due

# Rules that affect the facts of products.
_READING_RULES = (
    *("company_id", "window_months", "product_trend_months", "product_xyz_months"),
)


class ProductPipeline(Pipeline):
    """Runs over products and services, production and preview."""

    kind = "product"
    preview_kind = "product_preview"
    rules = "product"
    subject = "product_tmpl_id"
    is_daily = True
    is_hourly = True
    axes = PRODUCT_AXES
    override_model = "product.class.override"
    move_model = "product.class.move"
    moves_action = "product_class_move_action"
    changes_action = "product_class_change_action"
    change_counts = ("product_change_count",)

    def __init__(self, run, execution=None):
        super().__init__(run, execution)
        self.facts_model = self.env["classification.product.facts"]

    def next_watermark(self):
        """Return the moment from which the next run has to look for new documents.

        The transaction of a caller began to read earlier, so an hour is allowed for
        others that were under way then and have ended since.
        """
        moment = self.env["classification.facts"]._watermark()
        return moment if self.execution.commits else moment - timedelta(hours=1)

    @cached_property
    def last_full(self):
        """Return the last run over all products by these rules: one query."""
        return self.run._last_full_product_run(self.policy)

    # Collecting and scoring

    def collect(self):
        rules = self.policy._product_parameters()
        self.parameters = replace(rules, policy=self.rules_id)
        self.product_ids = self._products_to_read()
        self.state = self._read(self.policy, self.parameters, self.product_ids)
        self.facts, self.previous = self.state.sold.facts, self.state.previous
        self.set_aside(self.state.problems, self.product_ids)

    def _read(self, policy, parameters, product_ids=None):
        """Return the state of some products, or of all, by a policy's rules."""
        day = self.as_of_date
        return self.facts_model._read(policy, parameters, day, product_ids)

    def _products_to_read(self):
        """Return ids of the products of this run, None for all.

        Days pass for all products, so that only a run on the day of the last one over
        all can leave out unchanged ones.
        """
        if self.run.scope != "changed":
            return self.execution.subject_ids
        full = self.last_full
        last = self.run._last_product_run(self.company)
        if (
            full.as_of_date != self.as_of_date
            or self.policy._has_moving_filter()
            or self.facts_model._all_may_differ(self.company, last)
        ):
            self.run.scope = "all"
            return None
        scope = self.env["classification.facts"]._scope(self.policy, self.as_of_date)
        return self.facts_model._changed_product_ids(self.policy, scope, last)

    def score(self):
        others = self.other_rules(self.previous["policy"])
        keeps_grace = self.policy.keeps_grace
        self.parameters = remembering(self.parameters, others, keeps_grace)
        self.edges = self.given_edges()
        self.frame = self._classified(self.state.sold, self.parameters, self.edges)
        axes = list(PRODUCT_AXES)
        self.shown = self.shown_classes(self.previous[axes], self.frame[axes])

    def given_edges(self):
        """Return the limits of the last run over all products, for one over some.

        None where the run finds its own. Where there was none by these rules yet, all
        products are read to find the limits.
        """
        from ...engine import ProductEdges

        if self.run.scope == "all":
            return None
        edges = self.last_full.edges
        if edges:
            return ProductEdges.from_json(edges)
        return self.found_edges(self._read(self.policy, self.parameters))

    def found_edges(self, state):
        """Return the limits among all products."""
        from ...engine import product_edges

        variants = state.split and state.split.sold
        return product_edges(state.sold, variants, self.parameters)

    def _classified(self, sold, parameters, edges=None):
        from ...engine import classify_products

        rules = (parameters, self.as_of_date)
        return classify_products(sold, self.previous, *rules, edges)

    # Comparing

    def compare(self):
        from ...engine import product_changes

        moves = product_changes(
            self.previous,
            self.facts,
            self.frame,
            self.parameters,
            self.shown,
            self._old_rules(),
        )
        ends = ends_of_grace(self, moves)
        self.run.grace_end_count = int(ends.sum())
        self.moves = moves.assign(ends_grace=ends)

    def _old_rules(self):
        """Return the classes of moving products by the rules before.

        Eleven queries for each of these policies that reads something else.
        """
        axes = list(PRODUCT_AXES)
        moved = (self.shown.before[axes] != self.shown.now[axes]).any(axis=1)
        return self.classes_by_old_rules(self.previous["policy"].where(moved, 0))

    def classes_by(self, policy, index):
        """Return the classes of some products by another policy.

        None in a run over some products: the limits of earlier rules are not kept.
        """
        if self.run.scope != "all":
            return None
        parameters, sold = policy._product_parameters(), self.state.sold
        names = (*DOCUMENT_FIELDS, *_READING_RULES)
        if any(policy[name] != self.policy[name] for name in names):
            sold = self._read(policy, parameters).sold
        frame = self._classified(sold, parameters)
        return frame.loc[frame.index.intersection(index)]

    # Summary and approval

    def summarize(self):
        result = super().summarize()
        moves = self.run.scope == "changed" and len(self.moves)
        if self.run.scope == "all" or moves:
            self.run.rehearsal = rehearsal.matrices(self)
        return result

    def summary_values(self):
        held = [ABC_REASONS.index(reason) + 1 for reason in ("kept", "grace")]
        return {
            **self.cause_counts(self.moves),
            "looked_at_count": len(self.frame),
            "held_back_count": int(self.frame["abc_reason"].isin(held).sum()),
            "unrated_count": int((self.frame["abc"] == 0).sum()),
            "product_change_count": len(self.moves),
        }

    def may_wait(self):
        return not self.is_trial and self.run.scope != "some"

    def moved_shares(self):
        is_own = self.moves["from"] != 0
        is_own &= self.moves["cause"] != self.cause_codes["person"]
        revenue = self.facts["revenue"].clip(lower=0)
        known = self.previous["abc"] != 0  # never sold: not part of the whole
        moved = revenue.index.isin(self.moves[is_own]["product"]) & known
        whole = (int(known.sum()), revenue[known].sum())
        if self.run.scope != "all" and moved.any():
            whole = self._population()
        return int(moved.sum()), whole[0], revenue[moved].sum(), whole[1]

    def _population(self):
        """Return number and revenue of the products with an ABC class: one query."""
        [found] = self.env.execute_query(
            SQL(
                """
                SELECT count(*), COALESCE(sum(GREATEST(revenue, 0)), 0)::float8
                  FROM product_profile
                 WHERE company_id = %s
                   AND CASE WHEN is_overridden THEN shadow_abc ELSE abc_class END
                       IS NOT NULL
                """,
                self.company.id,
            )
        )
        return found

    # Writing

    def apply(self):
        self.run.watermark = self.execution.watermark
        if self.run.scope == "all":
            self.run._keep_product_edges(self.found_edges(self.state).to_json())
        self._write_profiles()
        self._write_rows("product_class_change")
        self._delete_profiles()
        self._write_variants()
        if self.run.scope != "some":
            self.env["product.class.dirty"]._forget(self.company)
        self.update_overrides(self.shown)

    def write_moves(self):
        self._write_rows("product_class_move")

    def _write_profiles(self):
        """Write the profiles whose content differs: four queries."""
        content = columns.profile_content(
            *(self.facts, self.state.products, self.frame, self.shown.now),
            self.rules_id,
        )
        hashes = self.previous["content_hash"]
        self.write_profiles(columns.PROFILES, content, hashes, "product.profile")

    def _write_rows(self, table):
        """Add the moves to the history, or to the moves of this run: four queries."""
        if self.moves.empty:
            return
        self.write_table(
            columns.change_rows(self.facts, self.moves),
            "tmp_product_change",
            columns.CHANGE_KINDS,
            columns.insert_changes(self.run, table),
        )
        self.env["product.class.change"].invalidate_model()
        self.env["product.class.move"].invalidate_model()

    def _write_variants(self):
        """Write the classes of variants of products with several of them.

        Four queries, or one where no product has several.
        """
        from ...engine import classify_variants

        split, variants = self.state.split, self.env["product.variant.class"]
        if split is None:
            variants._forget(self.company, self.product_ids)
            return
        rules = (self.parameters, self.as_of_date)
        frame = classify_variants(split.sold, *rules, self.edges)
        self.write_table(
            columns.variant_rows(split, frame, self.shown.now),
            "tmp_product_variant",
            columns.variant_kinds(),
            columns.delete_variants(self.run, self.product_ids),
            columns.upsert_variants(self.run),
        )
        variants.invalidate_model()

    def _delete_profiles(self):
        """Delete the profiles of products that were never sold and cannot be."""
        if self.state.gone:
            self.env["product.profile"].with_context(active_test=False).search(
                [
                    ("company_id", "=", self.company.id),
                    ("product_tmpl_id", "in", self.state.gone),
                ]
            ).unlink()

    def after_run(self):
        if self.run.state == "done" and self.run.scope == "all" and not self.is_trial:
            self._write_next_products()
        return super().after_run()

    def _write_next_products(self):
        """Work out once a week what customers may buy next.

        Afterwards, because the window of the lines is that of the last run that is
        done.
        """
        before = self.run._next_product_date_before()
        if not are_due(before, self.as_of_date):
            self.run.next_product_date = before
            return
        NextProducts(self.run).refresh()
        self.run.next_product_date = self.as_of_date

    # Showing

    def result_sentence(self):
        if self.run.state == "done":
            return self.env._(
                "%(products)s products looked at, %(changes)s classes changed.",
                products=self.run.looked_at_count,
                changes=self.run.change_count,
            )
        if self.run.state == "waiting":
            return self.env._(
                "%(products)s %% of the products would move: a manager has to approve "
                "it.",
                products=self.moved_text("moved_percent"),
            )
        return super().result_sentence()

    def approval_note(self):
        return self.env._(
            "%(products)s %% of the products, with %(revenue)s %% of the revenue, "
            "would move. Nothing was changed yet: look at what moves, then approve or "
            "reject it.",
            products=self.moved_text("moved_percent"),
            revenue=self.moved_text("moved_revenue_percent"),
        )

    def rehearsal_view(self, sees_money):
        return rehearsal.view(self.run, sees_money)

    def ends_of_moves(self):
        return rehearsal.AXES.ends()

    def preview_again(self):
        return self.policy.action_preview_products()
