"""What a file of purchases costs: new, unchanged, a few changed, refused.

    ./dev bench imports [--lines N] [--customers N] [--spreadsheet]

In a database of its own (kept for the next time, without the purchases): the file is
uploaded, previewed, tested and imported as Odoo's screen does it. Customers by name,
e-mail or reference in any letter case, decimal comma, day first, currency in small
letters. The same file comes again, then with other amounts on every fiftieth line,
then with one line that cannot be taken.
"""

import argparse
import csv
import io
import random
import resource
from datetime import date, timedelta

from benchmarks._database import ADDON, Measure, load, measured
from tools import databases, odoo
from tools.console import say, step

COLUMNS = ("Customer", "Date", "Amount", "Currency", "Reference", "Channel")
FIELDS = ("partner_id", "date", "amount", "currency_id", "reference", "channel")
FIRST_DAY = date(2023, 1, 1)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    """Uploads, and what they took."""

    def __init__(self, registry, make):
        self.registry = registry
        self.make = make
        self.taken = {}

    def measure(self, name, rows, dryrun=False, refused=False):
        content, file_type = self.make(rows)
        measure = Measure()
        with step(name), measured(self.registry, measure) as env:
            wizard = env["base_import.import"].create(
                {
                    "res_model": "customer.purchase",
                    "file": content,
                    "file_type": file_type,
                    "file_name": "purchases",
                }
            )
            preview = wizard.parse_preview(dict(OPTIONS))
            options = {**OPTIONS, **preview["options"]}
            answer = wizard.execute_import(
                list(FIELDS), [title.lower() for title in COLUMNS], options, dryrun
            )
            if bool(answer["messages"]) != refused:
                raise SystemExit(f"{name}: {answer['messages'][:3]}")
            measure.written = answer.get("counts") or {}
            wizard.unlink()
        self.taken[name] = measure, peak()

    def forget(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM customer_purchase")
            cr.commit()


def peak():
    """The most memory that this process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def report(taken, before):
    say(f"memory before: {before} MiB")
    titles = ("seconds", "CPU", "queries", "peak MiB", "new", "changed", "unchanged")
    say(f"{'':22}" + "".join(f"{title:>11}" for title in titles))
    for name, (one, memory) in taken.items():
        counts = [one.written.get(kind, 0) for kind in titles[-3:]]
        say(
            f"{name:22}{one.seconds:>11.1f}{one.cpu:>11.1f}{one.queries:>11,}"
            f"{memory:>11,}" + "".join(f"{count:>11,}" for count in counts)
        )


def main():
    parser = argparse.ArgumentParser(prog="./dev bench imports")
    parser.add_argument("--lines", type=int, default=100_000, metavar="N")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--spreadsheet", action="store_true")
    args = parser.parse_args()
    name = f"bench_imports_{args.customers}"
    prepare(name, args.customers)
    bench = Bench(load(name), spreadsheet if args.spreadsheet else text_file)
    bench.forget()
    before = peak()
    rows = list(lines(args.lines, args.customers))
    changed = list(lines(args.lines, args.customers, changed=True))
    try:
        bench.measure("tested, all new", rows, dryrun=True)
        bench.measure("imported, all new", rows)
        bench.measure("again, unchanged", rows)
        bench.measure("2 % changed", changed)
        bad = [*rows[:-1], (rows[-1][0], "someday", *rows[-1][2:])]
        bench.measure("one line refused", bad, refused=True)
    finally:
        bench.forget()
    report(bench.taken, before)


if __name__ == "__main__":
    main()
