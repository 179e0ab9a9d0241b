"""Warnings about customer rules that are allowed but look like a slip.

They are shown on the form and refuse nothing.
"""

from ..common.sentences import plain_number


def customer_warnings(rules, policy, buyers):
    """Return the warnings, in sentences.

    :param policy: the policy that combines the rules
    :param buyers: customers who bought in the window of the last run, 0 unknown
    """
    return [
        *rules._archived_sentences(),
        *_warn_of_weights(rules),
        *_warn_of_margin(rules, policy),
        *_warn_of_tiers(rules, buyers),
        *_warn_of_ties(rules, policy),
        *_warn_of_risk(rules),
    ]


def _warn_of_weights(rules):
    """Warn of weights that do not add up to 100 %."""
    total = sum(rules.metric_ids.mapped("weight"))
    if round(total, 1) != 100:
        yield rules.env._(
            "The weights of the scores add up to %s %%, not to 100 %%. They count "
            "in proportion all the same.",
            plain_number(rules.env, total),
        )


def _warn_of_margin(rules, policy):
    """Warn of margins where no source has costs."""
    weighed = rules.metric_ids.filtered("weight").mapped("metric")
    if rules.value_metric != "margin" and "margin" not in weighed:
        return
    if policy.revenue_source == "invoice":
        yield rules.env._(
            "Margin: invoices do not tell one, only imported purchases do."
        )
    elif "margin" not in rules.env["sale.order"]._fields:
        yield rules.env._(
            "Margin: orders tell one only when “Margins” is switched on in the "
            "settings of Sales. Until then only imported purchases do."
        )


def _warn_of_tiers(rules, buyers):
    """Warn of tiers that nobody or hardly anybody can reach.

    :param buyers: customers who bought in the window of the last run, 0 unknown
    """
    for line in rules.tier_ids.sorted("tier_sequence")[:-1]:
        limit = plain_number(rules.env, line.limit)
        if rules.tier_method == "top_percent":
            if buyers > 1 and 0 < line.limit * buyers < 100:
                yield rules.env._(
                    "%(tier)s: the best %(limit)s %% of %(buyers)s customers are "
                    "less than one. The best one is in all the same.",
                    tier=line.tier_id.name,
                    limit=limit,
                    buyers=buyers,
                )
        elif rules.value_metric == "score" and line.limit > 100:
            yield rules.env._(
                "%(tier)s: nobody can reach a value score of %(limit)s; it ends at "
                "100.",
                tier=line.tier_id.name,
                limit=limit,
            )


def _warn_of_ties(rules, policy):
    """Warn where more customers have the best value than the best share.

    By the last run or preview with these values: two queries.
    """
    from ...engine.customers.tiers import share_count

    best = rules.tier_ids.sorted("tier_sequence")[:1]
    if rules.tier_method != "top_percent" or len(rules.tier_ids) < 2:
        return
    run, is_stale = policy._histogram_run()
    spread = {} if is_stale or not run else run.sudo().histogram
    top, buyers = spread.get("top", 0), spread.get("buyers", 0)
    if top <= max(share_count(buyers, best.limit), 1):
        return
    values = {
        "tier": best.tier_id.name,
        "top": top,
        "buyers": buyers,
        "share": plain_number(rules.env, best.limit),
    }
    yield (
        rules.env._(
            "%(tier)s: %(top)s of %(buyers)s customers have the highest value, "
            "more than the best %(share)s %%, and all of them are in.",
            **values,
        )
        if rules.tier_ties == "in"
        else rules.env._(
            "%(tier)s: %(top)s of %(buyers)s customers have the highest value, "
            "more than the best %(share)s %%, so that nobody is in. “Equal Values "
            "at a Limit” can let all of them in.",
            **values,
        )
    )


def _warn_of_risk(rules):
    """Warn of risks that nobody can reach."""
    most = max(rules.risk_overdue, rules.risk_far_overdue)
    most += rules.risk_declining + rules.risk_refunds
    most += rules.risk_complaints + rules.risk_dissatisfied + rules.risk_silent
    for name in ("risk_medium_from", "risk_high_from"):
        if rules[name] > most:
            yield rules.env._(
                "%(field)s %(limit)s: all signals together give %(most)s points, "
                "so nobody can reach it.",
                field=rules._label_of(name),
                limit=plain_number(rules.env, rules[name]),
                most=plain_number(rules.env, most),
            )
