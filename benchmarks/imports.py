"""Cost of a file of purchases: new, unchanged, some changed, refused.

    ./dev bench imports [--lines N] [--customers N] [--spreadsheet] [--programs N]

In a database of its own (kept for the next time, without the purchases): the file is
uploaded, previewed, tested and imported as Odoo's screen does it. Customers by name,
e-mail or reference in any letter case, decimal comma, day first, currency in small
letters. The same file comes again, then with other amounts on every fiftieth line,
then with one line that cannot be taken. As the screen does, a file is taken in calls,
each from the line on which the one before ended (``nextrow``), each a transaction.

``--programs`` gives N purchases to ``create`` and to ``load`` instead, in batches of
5,000, as a program would.
"""

import argparse
import csv
import io
import random
import resource
from contextlib import contextmanager
from datetime import date, timedelta

from benchmarks._database import ADDON, Measure, load, measured
from tools import databases, odoo
from tools.console import say, step

COLUMNS = ("Customer", "Date", "Amount", "Currency", "Reference", "Channel")
FIELDS = ("partner_id", "date", "amount", "currency_id", "reference", "channel")
FIRST_DAY = date(2023, 1, 1)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH = 5_000
KINDS = ("new", "changed", "unchanged")
NEW, SAME = "imported, all new", "again, unchanged"
OPTIONS = {
    "has_headers": True,
    "quoting": '"',
    "separator": "",
    "encoding": "",
    "date_format": "",
    "datetime_format": "",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "limit": 2000,
    "skip": 0,
}


def prepare(name, customers):
    """Make the database unless it is there."""
    with odoo.session() as session:
        query = f"SELECT 1 FROM pg_database WHERE datname = {databases.literal(name)}"
        if databases.sql(session, query):
            with step(f"Database {name}: upgrade") as progress:
                session.update(name, progress, upgrade=[ADDON])
            return
        databases.database_from_template(session, name, [ADDON])
        with step(f"{customers:,} customers"):
            with measured(load(name), Measure()) as env:
                for start in range(1, customers + 1, 5_000):
                    numbers = range(start, min(start + 5_000, customers + 1))
                    env["res.partner"].create(
                        [
                            {
                                "name": f"Customer {number}",
                                "email": f"c{number}@example.com",
                                "ref": f"R-{number}",
                            }
                            for number in numbers
                        ]
                    )


def lines(number, customers, changed=False):
    """The lines of the file: skewed amounts, three ways to name a customer."""
    dice = random.Random(7)
    yield COLUMNS
    for place in range(number):
        who = 1 + int(customers * dice.random() ** 2)
        names = (f"CUSTOMER {who}", f"c{who}@Example.com", f"r-{who}")
        day = FIRST_DAY + timedelta(dice.randrange(1_300))
        cents = int(dice.lognormvariate(8, 1.2)) + (changed and place % 50 == 0)
        amount = f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02}"
        yield names[place % 3], f"{day:%d.%m.%Y}", amount, "usd", f"B-{place}", "shop"


def text_file(rows):
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode(), "text/csv"


def spreadsheet(rows):
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue(), XLSX


class Bench:
    """Uploads, and their costs."""

    def __init__(self, registry, make):
        self.registry = registry
        self.make = make
        self.taken = {}

    def measure(self, name, rows, dryrun=False, refused=False):
        """Import a file as the screen does: preview, and calls until none is left."""
        content, file_type = self.make(rows)
        total = Measure(written=dict.fromkeys(KINDS, 0))
        with step(name):
            with self._part(total) as env:
                wizard = env["base_import.import"].create(
                    {
                        "res_model": "customer.purchase",
                        "file": content,
                        "file_type": file_type,
                        "file_name": "purchases",
                    }
                )
                options = wizard.parse_preview(dict(OPTIONS))["options"]
                options = {**OPTIONS, **options, "skip": 0}
            self._call_until_the_end(name, wizard.id, options, dryrun, refused, total)
        self.taken[name] = total, peak()

    def _call_until_the_end(self, name, wizard_id, options, dryrun, refused, total):
        titles = [title.lower() for title in COLUMNS]
        while True:
            with self._part(total) as env:
                wizard = env["base_import.import"].browse(wizard_id)
                answer = wizard.execute_import(list(FIELDS), titles, options, dryrun)
            for kind, count in (answer.get("counts") or {}).items():
                total.written[kind] += count
            if answer["messages"]:
                if not refused:
                    raise SystemExit(f"{name}: {answer['messages'][:3]}")
                return
            if not answer["nextrow"]:
                break
            options = {**options, "skip": answer["nextrow"]}
        if refused:
            raise SystemExit(f"{name}: nothing was refused")

    def program(self, name, number, customers, write):
        """Give purchases to a method in batches, each a transaction."""
        total = Measure(written=dict.fromkeys(KINDS, 0))
        with step(name):
            for start in range(0, number, BATCH):
                numbers = range(start, min(start + BATCH, number))
                with self._part(total) as env:
                    write(env["customer.purchase"], numbers, customers)
                total.written["new"] += len(numbers)
        self.taken[name] = total, peak()

    @contextmanager
    def _part(self, total):
        """A transaction whose costs are added to a sum."""
        part = Measure()
        with measured(self.registry, part) as env:
            yield env
        for name in ("seconds", "cpu", "queries", "waited"):
            setattr(total, name, getattr(total, name) + getattr(part, name))

    def forget(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM customer_purchase")
            cr.commit()


def created(purchases, numbers, customers):
    """Create purchases as a program does, of ids and numbers."""
    first = customers_from(purchases.env)
    currency, channel = purchases.env.company.currency_id.id, "shop"
    purchases.create(
        [
            {
                "partner_id": first + place % customers,
                "date": FIRST_DAY + timedelta(place % 1_300),
                "amount": 1 + place % 997 / 100,
                "currency_id": currency,
                "reference": f"P-{place}",
                "channel": channel,
            }
            for place in numbers
        ]
    )


def loaded(purchases, numbers, customers):
    """Load purchases as a program does, of texts."""
    currency = purchases.env.company.currency_id.name
    answer = purchases.load(
        list(FIELDS),
        [
            [
                f"c{1 + place % customers}@example.com",
                str(FIRST_DAY + timedelta(place % 1_300)),
                str(1 + place % 997 / 100),
                currency,
                f"L-{place}",
                "shop",
            ]
            for place in numbers
        ],
    )
    if answer["messages"] or answer.get("nextrow"):
        raise SystemExit(f"load: {answer['messages'][:3]}, {answer.get('nextrow')}")


def customers_from(env):
    """Return the first customer's id; the others follow without a gap."""
    return env["res.partner"].search([("ref", "=", "R-1")]).id


def peak():
    """Return the peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def report(taken, before):
    say(f"memory before: {before} MiB")
    titles = ("seconds", "CPU", "queries", "peak MiB", *KINDS)
    say(f"{'':22}" + "".join(f"{title:>11}" for title in titles))
    for name, (one, memory) in taken.items():
        counts = [one.written[kind] for kind in KINDS]
        say(
            f"{name:22}{one.seconds:>11.1f}{one.cpu:>11.1f}{one.queries:>11,}"
            f"{memory:>11,}" + "".join(f"{count:>11,}" for count in counts)
        )
    if NEW in taken and SAME in taken:
        new, same = taken[NEW][0], taken[SAME][0]
        say(
            f"unchanged : new = {same.seconds / new.seconds:.2f} by the clock, "
            f"{same.cpu / new.cpu:.2f} by the processor"
        )


def files(bench, number, customers):
    """Measure the files that come one after the other."""
    rows = list(lines(number, customers))
    bench.measure("tested, all new", rows, dryrun=True)
    bench.measure(NEW, rows)
    bench.measure(SAME, rows)
    bench.measure("2 % changed", list(lines(number, customers, changed=True)))
    bad = [*rows[:-1], (rows[-1][0], "someday", *rows[-1][2:])]
    bench.measure("one line refused", bad, refused=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench imports")
    parser.add_argument("--lines", type=int, default=100_000, metavar="N")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--spreadsheet", action="store_true")
    parser.add_argument("--programs", type=int, metavar="N")
    args = parser.parse_args()
    name = f"bench_imports_{args.customers}"
    prepare(name, args.customers)
    bench = Bench(load(name), spreadsheet if args.spreadsheet else text_file)
    bench.forget()
    before = peak()
    try:
        if args.programs:
            bench.program("create", args.programs, args.customers, created)
            bench.forget()
            bench.program("load", args.programs, args.customers, loaded)
        else:
            files(bench, args.lines, args.customers)
    finally:
        bench.forget()
    report(bench.taken, before)


if __name__ == "__main__":
    main()
