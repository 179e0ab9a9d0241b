"""Campaigns: from touches and purchases to results."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import CAUSES, day_number
from ..common.lazy import np, pd
from .attribution import attribute, net_purchases, pair_key
from .classes import judge
from .columns import ATTRIBUTIONS, DATED_STEPS, LIFT_VERDICTS, STEPS, CampaignParameters
from .lift import lift, mean_interval

if TYPE_CHECKING:
    import datetime

_LEAD, _OPPORTUNITY = (STEPS.index(step) + 1 for step in ("lead", "opportunity"))
_MASK = (1 << 32) - 1
PLACES = 4  # decimals of rates in percent
LIFT_FIELDS = (
    *("treated_count", "control_count", "treated_rate", "control_rate", "lift"),
    *("lift_low", "lift_high", "lift_verdict", "lift_is_exact", "lift_more"),
    *("incremental_revenue", "incremental_low", "incremental_high"),
)


class Outcome(NamedTuple):
    """Results of campaigns: a row a participant, and a row a campaign."""

    participants: pd.DataFrame
    campaigns: pd.DataFrame


def evaluate(
    campaigns: pd.DataFrame,
    entered: pd.DataFrame,
    found: pd.DataFrame,
    purchases: pd.DataFrame,
    rules,
    parameters: CampaignParameters,
    as_of: datetime.date,
    resting: pd.DataFrame | None = None,
) -> Outcome:
    """Evaluate campaigns as of a day.

    Campaigns that rest are judged beside the others by the figures that they have:
    their participants are not worked out again.

    :param campaigns: by id: ``start`` and ``end`` (day numbers, NaN none), ``goal``,
        ``type``, ``window`` (days, 0 the parameters'), ``target_participants``,
        ``target_leads``, ``target_revenue``, ``lead_count`` and ``opportunity_count``
        (all documents) and ``cost`` (NaN unknown)
    :param entered: participants as people entered them: ``campaign``, ``customer``,
        ``contact``, ``source``, ``is_control``, ``is_drawn`` (chosen before anybody
        answered), days of ``DATED_STEPS`` and ``feedback`` (NaN unknown)
    :param found: touches in documents: ``campaign``, ``customer``, ``contact``,
        ``day``, ``step``, ``source``, ``number`` and ``feedback``
    :param purchases: of all these customers; see :func:`net_purchases`
    :param rules: the engine's :class:`Parameters`
    :param resting: figures by campaign, as this function returns them; ``entered`` and
        ``found`` may lack customers whom only these campaigns touched
    """
    today, window = day_number(as_of), with_window(campaigns, parameters)
    campaigns = campaigns.assign(window=window)
    known = campaigns if resting is None else campaigns.drop(resting.index)
    people, touches = _participants(entered, found)
    sales = net_purchases(
        purchases, rules, parameters.usual_gap, parameters.currency_digits
    )
    credit = attribute(touches, sales, window)
    people = people[people["campaign"].isin(known.index)]
    people = _with_results(people, _results(credit, sales, parameters))
    figures = _figures(known, people, parameters)
    figures = figures.join(_bought_since(people, purchases)).fillna(
        {"bought_count": 0, "bought_amount": 0}
    )
    figures["contaminated_count"] = _contaminated(known, entered, found)
    for name, values in _lifts(
        known, figures, entered, purchases, sales, parameters, today
    ).items():
        figures[name] = values
    if resting is not None:
        resting = resting.reindex(columns=figures.columns)
        figures = pd.concat([figures, resting]).reindex(campaigns.index)
    judged = judge(figures, campaigns, parameters, today)
    return Outcome(people, figures.join(judged))


def with_window(campaigns: pd.DataFrame, parameters: CampaignParameters) -> pd.Series:
    """Return the days after a touch in which a purchase counts, by campaign."""
    own = campaigns["window"]
    return own.where(own > 0, parameters.attribution_days)


def settled(
    campaigns: pd.DataFrame,
    entered: pd.DataFrame,
    found: pd.DataFrame,
    parameters: CampaignParameters,
    before: datetime.date,
) -> pd.Series:
    """Return the last touch of campaigns that time does not change any more.

    Their last day and last touch are longer ago than purchases count. Campaigns that
    nobody touched are not among them.

    :param before: the day on which they were settled already
    """
    day = day_number(before)
    reached = entered.loc[~entered["is_control"], ["campaign", *DATED_STEPS]]
    days = reached.set_index("campaign").max(axis=1)
    touches = pd.concat([days, found.set_index("campaign")["day"]])
    last = touches.groupby(level=0).max().reindex(campaigns.index)
    over = np.fmax(last, campaigns["end"]) + with_window(campaigns, parameters)
    return last[last.notna() & (over < day) & ~(campaigns["start"] >= day)]


# Participants


def _participants(entered, found):
    """Return one row a participant, and all touches.

    Entered values win; empty ones are filled in. The control group has no touch.
    """
    entered = entered.assign(key=pair_key(entered["campaign"], entered["customer"]))
    found = found.assign(key=pair_key(found["campaign"], found["customer"]))
    left_out = entered.loc[entered["is_control"], "key"]
    found = found[~found["key"].isin(left_out)]
    found = found.sort_values(["key", "day", "step", "contact"], ignore_index=True)
    entered = entered.set_index("key")
    index = entered.index.union(pd.Index(found["key"].unique(), name="key")).unique()
    first = found.drop_duplicates("key").set_index("key")
    people = pd.DataFrame({"is_entered": index.isin(entered.index)}, index)
    people["campaign"] = index.to_numpy("int64") >> 32
    people["customer"] = index.to_numpy("int64") & _MASK
    people["is_control"] = index.isin(left_out)
    for name in ("contact", "source"):
        known = entered[name].reindex(index).replace(0, np.nan)
        known = known.fillna(first[name].reindex(index))
        people[name] = known.fillna(0).astype("int64")
    for number, step in enumerate(DATED_STEPS, 1):
        days = found[found["step"] == number].groupby("key")["day"].min()
        people[step] = entered[step].reindex(index).fillna(days.reindex(index))
    scores = found.groupby("key")["feedback"].mean()
    people["feedback"] = (
        entered["feedback"].reindex(index).fillna(scores.reindex(index)).round(1)
    )
    for name, steps in (
        ("lead_count", (_LEAD, _OPPORTUNITY)),
        ("opportunity_count", (_OPPORTUNITY,)),
    ):
        numbers = found[found["step"].isin(steps)].groupby("key")["number"].sum()
        people[name] = numbers.reindex(index).fillna(0).astype("int64")
    people["has_document"] = index.isin(found.loc[found["step"] >= _LEAD, "key"])
    touches = _touches(people, found)
    days = touches.groupby("key")["day"]
    people["first_touch"] = days.min().reindex(index)
    people["last_touch"] = days.max().reindex(index)
    return people, touches


def _touches(people, found):
    """All days on which participants were in touch with their campaigns."""
    reached = people.loc[~people["is_control"], ["campaign", "customer", *DATED_STEPS]]
    entered = reached.reset_index().melt(
        ["key", "campaign", "customer"], list(DATED_STEPS), value_name="day"
    )
    names = ["key", "campaign", "customer", "day"]
    touches = pd.concat([entered[names].dropna(), found[names]], ignore_index=True)
    return touches.astype("int64").drop_duplicates(ignore_index=True)


def _contaminated(campaigns, entered, found):
    """Return the number of control group customers in touch nevertheless."""
    left_out = entered[entered["is_control"]]
    touched = pair_key(found["campaign"], found["customer"])
    reached = np.isin(pair_key(left_out["campaign"], left_out["customer"]), touched)
    reached |= left_out[list(DATED_STEPS)].notna().any(axis=1).to_numpy()
    return _count(left_out.loc[reached, "campaign"], campaigns)


# Results


def _results(credit, sales, parameters):
    """Return the results of each participant who bought, by key."""
    own = sales.iloc[credit["sale"].to_numpy()].reset_index(drop=True)
    stayed = own["net"] > 0
    margin = own["margin"]
    unknown = margin.isna() & stayed
    if parameters.assumed_margin is not None:
        margin = margin.where(~unknown, own["net"] * parameters.assumed_margin)
    margin = margin.where(stayed, 0.0)
    model = credit[parameters.attribution_model]
    rows = pd.DataFrame(
        {
            "key": pair_key(credit["campaign"], credit["customer"]),
            "order_count": stayed.astype("int64"),
            "is_new": own["is_first"] & stayed,
            "is_won_back": own["ended_dormancy"] & stayed,
            "margin": margin.fillna(0) * model,
            "unknown_margin": margin.isna() & (model > 0),
            "assumed_margin": unknown & (model > 0) & margin.notna(),
            **{f"revenue_{name}": own["net"] * credit[name] for name in ATTRIBUTIONS},
        }
    )
    rows["revenue"] = rows[f"revenue_{parameters.attribution_model}"]
    flags = ["is_new", "is_won_back", "unknown_margin", "assumed_margin"]
    grouped = rows.groupby("key")
    sums = grouped[rows.columns.difference(["key", *flags]).tolist()].sum()
    return sums.join(grouped[flags].any())


def _with_results(people, results):
    """Return the participants with their results, 0 without purchases."""
    results = results.reindex(people.index)
    for name in results:
        flag = name.startswith("is_") or name.endswith("_margin")
        values = results[name].astype("float64").fillna(0)
        if flag:
            people[name] = values > 0
        else:
            people[name] = values.astype("int64") if name == "order_count" else values
    people["is_converted"] = people["order_count"] > 0
    people["has_margin"] = ~people["unknown_margin"]
    return people


def _count(campaign, campaigns):
    """Return the number of rows of each campaign."""
    return campaign.value_counts().reindex(campaigns.index, fill_value=0).astype(int)


def _figures(campaigns, people, parameters):
    """The figures of each campaign from its participants."""
    reached = people[~people["is_control"] & people["first_touch"].notna()]
    answered = (reached["joined"].notna() | reached["answered"].notna()) | reached[
        "has_document"
    ]
    flags = {
        "participant_count": reached["campaign"] > 0,
        "addressed_count": reached["addressed"].notna(),
        "joined_count": reached["joined"].notna(),
        "answered_count": answered,
        "lead_customer_count": reached["lead_count"] > 0,
        "customer_count": reached["is_converted"],
        "new_customer_count": reached["is_new"],
        "won_back_count": reached["is_won_back"],
        "feedback_count": reached["feedback"].notna(),
    }
    figures = pd.DataFrame(
        {
            name: _count(reached.loc[mask, "campaign"], campaigns)
            for name, mask in flags.items()
        },
        campaigns.index,
    )
    grouped = reached.groupby("campaign")
    money = ["revenue", *(f"revenue_{name}" for name in ATTRIBUTIONS), "margin"]
    sums = grouped[[*money, "order_count"]].sum().reindex(campaigns.index).fillna(0)
    figures[money] = np.round(sums[money], parameters.currency_digits) + 0.0
    figures["order_count"] = sums["order_count"].astype("int64")
    figures["feedback"] = grouped["feedback"].mean().reindex(campaigns.index)
    for name in ("unknown_margin", "assumed_margin"):
        figures[name] = _count(reached.loc[reached[name], "campaign"], campaigns) > 0
    figures["lead_count"] = campaigns["lead_count"]
    figures["opportunity_count"] = campaigns["opportunity_count"]
    days = grouped[["first_touch", "last_touch"]].agg(
        {"first_touch": "min", "last_touch": "max"}
    )
    figures[["first_touch", "last_touch"]] = days.reindex(campaigns.index)
    figures["start"] = campaigns["start"].fillna(figures["first_touch"])
    return _with_shares(figures, campaigns, parameters)


def _with_shares(figures, campaigns, parameters):
    """Add unit costs and the conversion of each step; NaN for unknown."""
    everybody = figures["participant_count"].where(figures["participant_count"] > 0)
    for name, part in (
        ("response_rate", "answered_count"),
        ("lead_rate", "lead_customer_count"),
        ("conversion_rate", "customer_count"),
    ):
        # As they are kept: those that rest are compared with those worked out now.
        figures[name] = (100 * figures[part] / everybody).round(PLACES)
    figures["margin"] = figures["margin"].where(~figures["unknown_margin"])
    cost = campaigns["cost"]
    figures["cost"] = cost
    figures["roi"] = (100 * (figures["margin"] - cost) / cost).where(cost > 0)
    for name, part in (
        ("cost_per_lead", "lead_count"),
        ("cost_per_new_customer", "new_customer_count"),
    ):
        figures[name] = np.round(
            cost / figures[part].where(figures[part] > 0), parameters.currency_digits
        )
    return figures


def _bought_since(people, purchases):
    """Return the participants' documents since their first touch.

    Attributable or not: they distinguish new data from the passing of time.
    """
    reached = people.loc[people["first_touch"].notna()]
    rows = reached[["campaign", "customer", "first_touch"]].merge(
        purchases[["customer", "day", "amount"]], on="customer"
    )
    rows = rows[rows["day"] >= rows["first_touch"]]
    sums = rows.groupby("campaign")["amount"].agg(["count", "sum"]).round(6)
    return sums.set_axis(["bought_count", "bought_amount"], axis=1)


# Expected without the campaign


def _lifts(campaigns, figures, entered, purchases, sales, parameters, today):
    """Return the lift of each campaign over its control group.

    All treated customers count, reached or not (intention to treat), from the first
    day of the campaign until its last one and the window after it.
    """
    drawn = entered[entered["is_drawn"]]
    frame = pd.DataFrame(np.nan, campaigns.index, list(LIFT_FIELDS))
    for name in ("treated_count", "control_count", "lift_verdict", "lift_more"):
        frame[name] = 0
    frame["lift_is_exact"] = False
    left_out = _count(drawn.loc[drawn["is_control"], "campaign"], campaigns)
    end = campaigns["end"].fillna(figures["last_touch"]).fillna(figures["start"])
    until = np.minimum(end + campaigns["window"], today)
    begun = (left_out > 0) & (figures["start"] <= today)
    for campaign in campaigns.index[begun]:
        members = drawn[drawn["campaign"] == campaign]
        period = (figures.at[campaign, "start"], until.at[campaign])
        row = _lift(members, period, purchases, sales, parameters)
        frame.loc[campaign, list(row)] = list(row.values())
    return frame


def _lift(members, period, purchases, sales, parameters):
    """The comparison of one campaign."""
    first, last = period

    def within(frame):
        own = frame["customer"].isin(members["customer"])
        return frame[own & frame["day"].between(first, last)]

    sold = within(sales)
    bought = members["customer"].isin(sold.loc[sold["net"] > 0, "customer"]).to_numpy()
    spent = within(purchases).groupby("customer")["amount"].sum()
    spent = spent.reindex(members["customer"]).fillna(0).to_numpy()
    control = members["is_control"].to_numpy()
    sizes = int((~control).sum()), int(control.sum())
    counts = int(bought[~control].sum()), int(bought[control].sum())
    row = {"treated_count": sizes[0], "control_count": sizes[1]}
    found = lift(counts[0], sizes[0], counts[1], sizes[1], parameters.confidence)
    if found is None:
        return row
    money = mean_interval(spent[~control], spent[control], parameters.confidence)
    digits = parameters.currency_digits
    names = ("incremental_revenue", "incremental_low", "incremental_high")
    return row | {
        "treated_rate": 100 * counts[0] / sizes[0],
        "control_rate": 100 * counts[1] / sizes[1],
        "lift": 100 * found.difference,
        "lift_low": 100 * found.low,
        "lift_high": 100 * found.high,
        "lift_verdict": LIFT_VERDICTS.index(found.verdict) + 1,
        "lift_is_exact": found.is_exact,
        "lift_more": found.more,
        **{
            name: round(sizes[0] * value, digits)
            for name, value in zip(names, money, strict=True)
        },
    }


# Changes


def campaign_changes(
    previous: pd.DataFrame,
    result: pd.DataFrame,
    parameters: CampaignParameters,
    old_rules: pd.Series | None = None,
) -> pd.DataFrame:
    """Return one row for each campaign whose performance differs.

    Columns ``campaign``, ``from``, ``to``, ``cause`` and ``ratio``. The cause is the
    first that holds of

    - *data*: there was no result yet;
    - *rules*: another policy version judged before, and by its rules the performance
      would be another one today (where that is not known: the campaign's own figures
      are the same);
    - *data*: they are not;
    - *time*: days went by, or the peers moved.

    :param previous: ``performance``, ``policy`` and ``own_hash`` by campaign, 0 for
        none
    :param result: ``performance``, ``performance_ratio`` and ``own_hash``
    :param old_rules: ``performance`` by the rules that judged before, of some
        campaigns
    """
    previous = previous.reindex(result.index, fill_value=0)
    data, rules, time = (CAUSES.index(word) + 1 for word in ("data", "rules", "time"))
    differs = (previous["own_hash"] != result["own_hash"]).to_numpy()
    known = (previous["policy"] != 0).to_numpy()
    other = (previous["policy"] != parameters.policy).to_numpy()
    by_rules = other & ~differs
    if old_rules is not None:
        by_old = old_rules.reindex(result.index, fill_value=-1).to_numpy()
        another = by_old != result["performance"].to_numpy()
        by_rules = other & np.where(by_old < 0, ~differs, another)
    cause = np.select([~known, by_rules, differs], [data, rules, data], time)
    moved = (previous["performance"] != result["performance"]).to_numpy()
    return pd.DataFrame(
        {
            "campaign": result.index.to_numpy()[moved],
            "from": previous["performance"].to_numpy("int64")[moved],
            "to": result["performance"].to_numpy("int64")[moved],
            "cause": cause[moved],
            "ratio": result["performance_ratio"].to_numpy("float64")[moved],
        }
    )
