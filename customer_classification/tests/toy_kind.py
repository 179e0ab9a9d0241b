"""A kind of runs of its own: countries with many contacts.

The parts of a new kind: facts, an engine, an explanation and a pipeline. Its two tables
would be models of an addon.
"""

import pandas as pd

from odoo.tools import SQL

from ..models.run.pipeline import Pipeline

# Classes, by place from 1.
CLASSES = ("few", "many")
DATA, PERSON = 1, 4  # places in the engine's CAUSES
MANY = 3


def read_facts(env):
    """Return the facts: contacts of each country, and the class so far."""
    rows = env.execute_query(
        SQL(
            """
            SELECT c.id, count(p.id), COALESCE(max(t.class), 0)
              FROM res_country c
              JOIN res_partner p ON p.country_id = c.id AND p.ref = 'toy'
              LEFT JOIN toy_profile t ON t.country_id = c.id
             GROUP BY c.id
            """
        )
    )
    frame = pd.DataFrame(rows, columns=["country", "contacts", "class"])
    return frame.set_index("country")


def classify(facts):
    """Engine: the place in ``CLASSES`` for each country."""
    return 1 + (facts["contacts"] >= MANY).astype("int64")


def explain(country, contacts):
    """Explanation: why a country has its class."""
    return f"{country.name}: {contacts} contacts, {MANY} are many."


class ToyPipeline(Pipeline):
    kind = "toy"
    rules = "customer"
    is_daily = True
    axes = ("class",)

    def collect(self):
        self.facts = read_facts(self.env)

    def score(self):
        self.found = classify(self.facts)

    def compare(self):
        differs = self.facts["class"] != self.found
        moves = pd.DataFrame({"from": self.facts["class"], "to": self.found})[differs]
        self.moves = moves.assign(cause=DATA)

    def summary_values(self):
        counts = self.cause_counts(self.moves)
        return {**counts, "looked_at_count": len(self.facts)}

    def may_wait(self):
        return True

    def moved_shares(self):
        known = self.facts["class"] != 0
        return int((self.moves["from"] != 0).sum()), int(known.sum()), 0, 0

    def apply(self):
        kinds = {"country": "int", "class": "int"}
        content = self.found.rename("class").astype("int32").reset_index()
        self.env.cr.execute("DELETE FROM toy_profile")
        self.write_table(content, "tmp_toy", kinds, SQL(_INSERT))
        self.run.written_count = len(content)

    def write_moves(self):
        """A kind with a model of moves would keep them for the manager to look at."""

    def approval_note(self):
        return f"{self.run.moved_percent:.0f} % of the countries would move."


_INSERT = "INSERT INTO toy_profile SELECT country, class FROM tmp_toy"
