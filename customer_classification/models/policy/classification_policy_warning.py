from odoo import api, fields, models

from ..common.sentences import plain_number


class ClassificationPolicy(models.Model):
    """What is allowed and yet looks like a slip: told on the form, refused nowhere."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    warning_text = fields.Text(string="To Check", compute="_compute_warning_text")

    @api.depends(lambda self: self._fields_to_warn_of())
    @api.depends_context("lang")
    def _compute_warning_text(self):
        runs = self.env["classification.run"]._last_runs(self.company_id)
        for policy in self:
            edges = runs[policy.company_id].edges if policy.company_id in runs else {}
            policy.warning_text = "\n".join(
                [
                    *policy._warn_of_references(),
                    *policy._warn_of_weights(),
                    *policy._warn_of_margin(),
                    *policy._warn_of_tiers((edges or {}).get("buyer_count", 0)),
                    *policy._warn_of_ties(),
                    *policy._warn_of_risk(),
                ]
            )

    @api.model
    def _fields_to_warn_of(self):
        """Names of the fields from which the warnings follow."""
        return (
            *self._rule_fields(),
            *("metric_ids.metric", "metric_ids.weight"),
            *("tier_ids.tier_id.active", "tier_ids.limit"),
            "segment_ids.segment_id.active",
        )

    def _warn_of_references(self):
        """What a filter or a limit names is no more."""
        yield from self._filter_problems()
        yield from self._archived_sentences()

    def _warn_of_weights(self):
        total = sum(self.metric_ids.mapped("weight"))
        if round(total, 1) != 100:
            yield self.env._(
                "The weights of the scores add up to %s %%, not to 100 %%. They count "
                "in proportion all the same.",
                plain_number(self.env, total),
            )

    def _warn_of_margin(self):
        """Who knows no costs cannot classify by them."""
        weighed = self.metric_ids.filtered("weight").mapped("metric")
        if self.value_metric != "margin" and "margin" not in weighed:
            return
        if self.revenue_source == "invoice":
            yield self.env._(
                "Margin: invoices do not tell one, only imported purchases do."
            )
        elif "margin" not in self.env["sale.order"]._fields:
            yield self.env._(
                "Margin: orders tell one only when “Margins” is switched on in the "
                "settings of Sales. Until then only imported purchases do."
            )

    def _warn_of_tiers(self, buyers):
        """Tiers that nobody can reach, or hardly anybody.

        :param buyers: customers who bought in the window of the last run, 0 unknown
        """
        for line in self.tier_ids.sorted("tier_sequence")[:-1]:
            limit = plain_number(self.env, line.limit)
            if self.tier_method == "top_percent":
                if buyers > 1 and 0 < line.limit * buyers < 100:
                    yield self.env._(
                        "%(tier)s: the best %(limit)s %% of %(buyers)s customers are "
                        "less than one. The best one is in all the same.",
                        tier=line.tier_id.name,
                        limit=limit,
                        buyers=buyers,
                    )
            elif self.value_metric == "score" and line.limit > 100:
                yield self.env._(
                    "%(tier)s: nobody can reach a value score of %(limit)s; it ends at "
                    "100.",
                    tier=line.tier_id.name,
                    limit=limit,
                )

    def _warn_of_ties(self):
        """A best share that fewer customers are than have the highest value.

        By the last run or preview with these values: two queries.
        """
        from ...engine.customers.tiers import share_count

        best = self.tier_ids.sorted("tier_sequence")[:1]
        if self.tier_method != "top_percent" or len(self.tier_ids) < 2:
            return
        run, is_stale = self._histogram_run()
        spread = {} if is_stale or not run else run.sudo().histogram
        top, buyers = spread.get("top", 0), spread.get("buyers", 0)
        if top <= max(share_count(buyers, best.limit), 1):
            return
        values = {
            "tier": best.tier_id.name,
            "top": top,
            "buyers": buyers,
            "share": plain_number(self.env, best.limit),
        }
        yield (
            self.env._(
                "%(tier)s: %(top)s of %(buyers)s customers have the highest value, "
                "more than the best %(share)s %%, and all of them are in.",
                **values,
            )
            if self.tier_ties == "in"
            else self.env._(
                "%(tier)s: %(top)s of %(buyers)s customers have the highest value, "
                "more than the best %(share)s %%, so that nobody is in. “Equal Values "
                "at a Limit” can let all of them in.",
                **values,
            )
        )

    def _warn_of_risk(self):
        """Risks that nobody can reach."""
        most = max(self.risk_overdue, self.risk_far_overdue)
        most += self.risk_declining + self.risk_refunds
        for name in ("risk_medium_from", "risk_high_from"):
            if self[name] > most:
                yield self.env._(
                    "%(field)s %(limit)s: all signals together give %(most)s points, "
                    "so nobody can reach it.",
                    field=self._label_of(name),
                    limit=plain_number(self.env, self[name]),
                    most=plain_number(self.env, most),
                )
