"""Cost of a run over campaigns of which few changed, beside one over all.

    ./dev bench campaign-run [--customers N] [--rounds N]

The purchases of `full-run`, and campaigns of 2,000 participants: forty that ended long
ago, four that go on. A night's run and one that works out everything take turns.
"""

import argparse
import statistics
from datetime import timedelta
from unittest.mock import patch

from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, load, measured, prepare_filled
from benchmarks._figures import Figure, add_argument, keep
from tools.console import say, step

NAME = "bench_campaigns"
OVER, RUNNING, SIZE = 40, 4, 2_000
PARTICIPANTS = """
INSERT INTO campaign_participant
       (campaign_id, company_id, partner_id, source, is_entered, addressed_date,
        is_control, has_feedback)
SELECT c.id, 1, f.partner_id, 'audience', TRUE, c.campaign_start_date, FALSE, FALSE
  FROM utm_campaign c
 CROSS JOIN LATERAL (
       SELECT partner_id FROM customer_profile
        WHERE company_id = 1
        ORDER BY hashint4(partner_id # c.id) LIMIT %s) f
 WHERE c.title->>'en_US' LIKE 'Bench %%'
"""
# Documents of few customers, who are in few campaigns.
CHANGE_SOME = """
UPDATE sale_order SET write_date = now() AT TIME ZONE 'UTC'
 WHERE partner_id IN (SELECT partner_id FROM campaign_participant
                       ORDER BY hashint4(partner_id) LIMIT %s)
"""
AGE = """
UPDATE %(table)s SET write_date = '2000-01-01' WHERE write_date > '2000-01-01'
"""
WRITTEN = ("res_partner", "sale_order", "account_move", "classification_policy")


def fill(registry, customers):
    """Make the purchases, their classes, and the campaigns."""
    _purchases.fill(registry, customers)
    with measured(registry, Measure()) as env:
        policy = env.ref("base.main_company")._get_customer_policy()
        policy.recompute(as_of_date=_purchases.AS_OF)
        day = _purchases.AS_OF
        starts = [day - timedelta(days=120 + 15 * number) for number in range(OVER)]
        starts += [day - timedelta(days=10)] * RUNNING
        env["utm.campaign"].create(
            [
                {
                    "title": f"Bench {number}",
                    "company_id": 1,
                    "campaign_start_date": start,
                    "campaign_end_date": start + timedelta(days=30),
                }
                for number, start in enumerate(starts)
            ]
        )
        env.flush_all()
        env.cr.execute(PARTICIPANTS, (SIZE,))
    _purchases.vacuum(registry, "campaign_participant", "customer_profile")


class Bench:
    """Runs over the campaigns, and their costs."""

    def __init__(self, registry):
        self.registry = registry
        # Another day would have more purchases: the data go on after this one.
        self.day = _purchases.AS_OF + timedelta(days=100)
        self.taken = {}

    def run(self, name):
        measure = Measure()
        with measured(self.registry, measure) as env:
            policy = env.ref("base.main_company")._get_customer_policy()
            run = policy.recompute_campaigns(as_of_date=self.day)
            if run.state != "done":
                raise SystemExit(f"the run ended {run.state}: {run.error}")
            measure.written = run.written_count
        self.taken.setdefault(name, []).append(measure)

    def everything(self):
        """A run that does not rely on the one before."""
        from odoo.addons.customer_classification.models.campaign import resting

        def none(pipeline):
            return pipeline.run.browse()

        with patch.object(resting.Resting, "last_alike", staticmethod(none)):
            self.run("everything")

    def night(self, name, customers=0):
        """A run after the documents of some customers were written."""
        with self.registry.cursor() as cr:
            for table in WRITTEN:
                cr.execute(SQL(AGE, table=SQL.identifier(table)))
            cr.execute("UPDATE classification_change SET create_date = '2000-01-01'")
            cr.execute(CHANGE_SOME, (customers,))
        self.run(name)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench campaign-run")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    add_argument(parser)
    args = parser.parse_args()
    prepare_filled(
        NAME,
        f"campaigns {args.customers} 1",
        f"{OVER + RUNNING} campaigns among {args.customers:,} customers",
        lambda registry: fill(registry, args.customers),
    )
    bench = Bench(load(NAME))
    bench.run("first run")
    for number in range(args.rounds):
        with step(f"Round {number + 1} of {args.rounds}"):
            bench.everything()
            bench.night("nothing changed")
            bench.night("ten customers", 10)
    for label, measures in bench.taken.items():
        say(
            f"{label:17}{statistics.median(one.seconds for one in measures):9.2f} s"
            f" {statistics.median(one.cpu for one in measures):8.2f} cpu"
            f" {max(one.queries for one in measures):5} queries"
            f" {measures[-1].written:9,} written"
        )
    keep(args.figures, figures(bench.taken))


def figures(taken):
    """Return the share of a run over everything that others take."""
    cpu = {
        name: statistics.median(one.cpu for one in measures)
        for name, measures in taken.items()
    }
    for name in ("nothing changed", "ten customers"):
        what = f"campaigns, {name}: of a run over all"
        yield Figure(what, None, cpu[name] / cpu["everything"])


if __name__ == "__main__":
    main()
