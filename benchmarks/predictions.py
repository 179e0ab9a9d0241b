"""Accuracy of predictions on public purchases, and their cost.

    ./dev bench predictions [--customers N] [--rounds N]

First the public purchases that are at hand (see tests/engine/real_purchases.py): AUC,
Brier skill and the revenue in the first fifth of each work list, for a day one horizon
before the end, learnt two horizons before it; and how much of each customer's last
basket ten products held. Then the seconds of a run over invented customers. None of it
needs a database.
"""

import argparse
import sys
import time
from datetime import date, timedelta
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "customer_classification/tests/engine"
ORDER = ("probability", "recency", "spend", "fixed_days")
DAYS = 1400
EPOCH = date(1970, 1, 1)


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    import conftest  # noqa: F401  (makes the engine known)

    print_accuracy()
    print_next_products()
    print_seconds(options.customers, options.rounds)


def print_accuracy():
    """Print how well each way told who bought, and what the first fifths held."""
    import purchase_histories as known

    cases = {
        "CDNOW": known.cdnow_case(),
        "Online Retail": known.retail_case(),
        "AdventureWorks": known.resellers_case(),
    }
    for name, case in cases.items():
        if case is None:
            print(f"{name}: not at hand")
            continue
        proof = proof_of(case)
        print(f"\n{name}: {proof.reason}, {proof.customers:,} customers,")
        print(f"{case.horizon} days, of whom {proof.buyers:,} bought")
        print_measures(proof)
        print_lists(proof)
        print_risk(*risks_of(case))


def proof_of(case):
    """Return the proof of predictions for the day of a case."""
    from engine.customers.proof import prove

    return prove(case.behaviour(1), case.behaviour(), case.horizon)


def print_measures(proof):
    """Print AUC and Brier skill with their intervals."""
    for name in ORDER:
        area, skill, ahead = proof.measures[name]
        print(f"  {name:12} AUC {_between(area)}  Brier skill {_between(skill)}", ahead)


def risks_of(case):
    """Return who bought, and the churn risk by predictions and by signals.

    Of the customers who have a risk on the day of the case by the default rules; what
    is predicted was learnt one horizon before.
    """
    import pandas as pd
    from builders import ranked
    from engine import by_prediction, classes_at, facts_at
    from engine.customers.behaviour import find_usual_gap
    from engine.customers.parameters import Edges
    from engine.customers.prediction import learn_model, purchase_probability

    past, rules = case.behaviour(), ranked()
    points = past.index.to_frame(name="partner_id").assign(day=case.day)
    points = points.reset_index(drop=True)
    facts = facts_at(case.purchases.assign(margin=float("nan")), points, rules)
    edges = Edges(population_gap_days=find_usual_gap(past))
    signals = classes_at(facts, None, points["day"], rules, edges)
    signals.index = past.index
    model = learn_model(case.behaviour(1), past, case.horizon)
    chance = pd.Series(purchase_probability(model, past), past.index)
    predicted = by_prediction(signals, chance, rules)
    has_risk = signals["churn_risk"] > 0
    levels = [each["churn_risk"][has_risk].to_numpy() for each in (predicted, signals)]
    return past["bought"][has_risk].to_numpy(bool), *levels


def print_risk(bought, predicted, signals):
    """Print how well the levels of the churn risk told who bought again."""
    from engine.customers.accuracy import auc, placements

    for name, levels in (("predictions", predicted), ("signals", signals)):
        area = auc(placements(-levels.astype("float64"), bought))
        shares = ", ".join(
            f"{word} {bought[levels == code].mean():.2f} of {(levels == code).sum():,}"
            for code, word in ((1, "low"), (2, "medium"), (3, "high"))
            if (levels == code).any()
        )
        print(f"  risk by {name}: AUC {_between(area)}; bought again: {shares}")


def _between(estimate):
    return "{:6.3f} ({:6.3f} to {:6.3f})".format(*estimate)


def print_lists(proof):
    """Print the share of lost revenue in the first fifths, and the ranges."""
    shares = ", ".join(f"{name} {share:.2f}" for name, share in proof.lists.items())
    print(f"  lost revenue in the first fifth: {shares}; best {proof.best_list}")
    print(f"  within the range of 80 %: {proof.range_share:.3f}", end="")
    print(f" of {proof.range_customers:,}; sum expected ÷ actual", end=" ")
    print(f"{proof.expected_total / proof.actual_total:.2f}")


def print_next_products():
    """Print how much of the hidden last baskets ten products held."""
    import purchase_histories as known
    from engine.customers import neighbours, next_products

    cases = {
        "Online Retail": known.retail_products(),
        "AdventureWorks": known.reseller_products(),
    }
    print("\nnext products, the last basket of each customer hidden")
    for name, lines in cases.items():
        if lines is None:
            continue
        before, hidden, new = known.last_basket_hidden(lines)
        bought = before[["partner_id", "product_id"]].drop_duplicates()
        near = neighbours.nearest(bought)
        habits = next_products.product_habits(before, 0)
        habits = habits.assign(score=next_products.due_score(habits))
        recall, __ = known.recall_and_hits(
            neighbours.next_products(habits, near), hidden
        )
        __, hits = known.recall_and_hits(neighbours.new_products(habits, near), new)
        print(f"  {name:15} all: recall@10 {recall:.3f}; new ones: hit@10 {hits:.3f}")


def print_seconds(customers, rounds):
    """Print the seconds of the steps of a run, the best of some rounds."""
    purchases = invented(customers)
    print(f"\n{customers:,} customers, {len(purchases):,} purchases; seconds")
    found = [measured(purchases) for __ in range(rounds)]
    for step in found[0]:
        clock, busy = (min(each[step][n] for each in found) for n in (0, 1))
        print(f"  {step:40} {clock:6.2f}  of the processor {busy:6.2f}")


def measured(purchases):
    """Return seconds on the clock and of the processor by step."""
    from builders import ranked
    from engine.customers.behaviour import History, snapshots
    from engine.customers.gate import learn, outlook
    from engine.customers.prediction import learn_model

    seconds = {}

    def step(name, function, *args):
        begin = time.perf_counter(), time.process_time()
        result = function(*args)
        seconds[name] = time.perf_counter() - begin[0], time.process_time() - begin[1]
        return result

    today = EPOCH + timedelta(DAYS)
    history = step("purchases sorted", History.of, purchases)
    found = step("behaviour on three days", snapshots, history, today, 120)
    step("fit", learn_model, found.past, found.now, 120)
    learnt = step("fit and proof", learn, found, 120)
    step("what may be told of all", outlook, learnt, found.now, ranked())
    return seconds


def invented(customers):
    """Return generated purchases of customers, five on average."""
    import numpy as np
    import pandas as pd

    dice = np.random.default_rng(1)
    count = np.where(
        dice.random(customers) < 0.4,
        1,
        np.clip(dice.lognormal(1.6, 0.9, customers), 2, 280),
    ).astype("int64")
    partner = np.repeat(np.arange(customers), count)
    begin = dice.integers(0, DAYS, customers)
    length = (DAYS - begin) * np.where(
        dice.random(customers) < 0.5, 1, dice.random(customers)
    )
    day = begin[partner] + (dice.random(len(partner)) * length[partner]).astype("int64")
    amount = np.round(dice.lognormal(4, 1, len(partner)), 2)
    return pd.DataFrame({"partner_id": partner, "day": day, "amount": amount})


if __name__ == "__main__":
    main()
