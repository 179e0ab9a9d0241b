"""Cost of the addon for those who do not use it.

    ./dev bench others [--customers N] [--turns N]

Two databases with the same purchases, one of them without the addon, in one process.
People confirm an order, write a contact, post an invoice, tag and merge contacts, in
the two databases in turns; each time is rolled back. Prints medians of the seconds on
the clock and of processors, and the queries.
"""

import argparse
import statistics
import time

from odoo import SUPERUSER_ID, Command, api

from benchmarks import _purchases
from benchmarks._database import ADDON, load, prepare_plain, release
from benchmarks._figures import Figure, add_argument, keep
from benchmarks._screens import took
from tools import databases, odoo
from tools.console import say, step

NAME = "bench_others"
LIMIT = 1.05
LINES = 3  # of an order, and of an invoice


class Scene:
    """Actions of people, in one of the databases.

    Each method prepares and returns the function that is timed.
    """

    def __init__(self, env, turn):
        self.env = env
        # Other contacts at each turn, the same in both databases.
        env.cr.execute(
            "SELECT id FROM res_partner WHERE id %% 7 = %s AND NOT is_company"
            " AND id > (SELECT max(partner_id) FROM res_company)"
            " ORDER BY id OFFSET %s LIMIT 2",
            (turn % 7, turn),
        )
        self.partners = env["res.partner"].browse(row[0] for row in env.cr.fetchall())
        self.product = env["product.product"].search([("name", "=", "Goods")], limit=1)

    def confirm(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partners[0].id,
                "order_line": [
                    Command.create({"product_id": self.product.id, "price_unit": 10})
                ]
                * LINES,
            }
        )
        return order.action_confirm

    def write_contact(self):
        return lambda: self.partners[0].write({"name": "Another", "phone": "+1 555"})

    def post_invoice(self):
        line = {"product_id": self.product.id, "price_unit": 10, "tax_ids": False}
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partners[0].id,
                "invoice_date": _purchases.AS_OF,
                "invoice_line_ids": [Command.create(line)] * LINES,
            }
        )
        return move.action_post

    def tag(self):
        tag = self.env["res.partner.category"].create({"name": "Bench"})
        return lambda: self.partners.write({"category_id": [Command.link(tag.id)]})

    def merge(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        return lambda: wizard._merge(self.partners.ids, self.partners[0])


ACTIONS = {
    "confirm an order": Scene.confirm,
    "write a contact": Scene.write_contact,
    "post an invoice": Scene.post_invoice,
    "tag two contacts": Scene.tag,
    "merge two contacts": Scene.merge,
}


def timed(registry, action, turn):
    """Return seconds, busy seconds and queries of an action, rolled back."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        env = env(user=env.ref("base.user_admin").id)
        function = action(Scene(env, turn))
        env.flush_all()
        env.invalidate_all()

        def ask():
            function()
            env.flush_all()

        try:
            return took(env, ask)
        finally:
            cr.rollback()


def measure(plain, ours, turns):
    """Return ``{action: ([figures without], [figures with])}``."""
    taken = {name: ([], []) for name in ACTIONS}
    for turn in range(turns + 1):
        for name, action in ACTIONS.items():
            # Whoever comes first finds a warmer or a colder processor.
            order = (0, 1) if turn % 2 else (1, 0)
            for place in order:
                figures = timed((plain, ours)[place], action, turn)
                if turn:  # the first turn fills caches
                    taken[name][place].append(figures)
    return taken


def report(taken):
    """Print the medians and return the figures."""
    found = []
    say(
        f"{'':22}{'ms':>9}{'without':>9}{'ratio':>8}{'cpu':>8}{'queries':>9}{'without':>9}"
    )
    for name, (without, ours) in taken.items():
        plain, mine = (
            [statistics.median(one) for one in zip(*figures, strict=True)]
            for figures in (without, ours)
        )
        # Of each turn, as both met the same machine.
        ratio, busy = (
            statistics.median(o[n] / p[n] for o, p in zip(ours, without, strict=True))
            for n in (0, 1)
        )
        met = "PASS" if busy <= LIMIT else "MISS"
        say(
            f"{name:22}{1000 * mine[0]:9.1f}{1000 * plain[0]:9.1f}{ratio:8.2f}"
            f"{busy:8.2f}{mine[2]:9.0f}{plain[2]:9.0f}  {met}"
        )
        found.append(Figure(f"{name}: times without the addon", LIMIT, busy))
    return found


def prepare(session, customers):
    """Make both databases and return their names.

    In ours, everybody has classes.
    """
    plain = prepare_plain(session, customers)
    with step(f"{NAME}: the addon, and a run"):
        release(plain)
        databases.drop(session, NAME)
        databases.copy(session, plain, NAME)
        with step(f"{NAME}: {ADDON}") as progress:
            session.update(NAME, progress, install=[ADDON])
        with load(NAME).cursor() as cr:
            company = api.Environment(cr, SUPERUSER_ID, {}).ref("base.main_company")
            company._get_customer_policy().recompute(as_of_date=_purchases.AS_OF)
        _purchases.vacuum(load(NAME), "customer_profile", "res_partner")
    return plain, NAME


def main():
    parser = argparse.ArgumentParser(prog="./dev bench others")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--turns", type=int, default=200, metavar="N")
    add_argument(parser)
    args = parser.parse_args()
    with odoo.session() as session:
        names = prepare(session, args.customers)
        started = time.monotonic()
        plain, ours = (load(name) for name in names)
        keep(args.figures, report(measure(plain, ours, args.turns)))
        say(f"{args.turns} turns in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
