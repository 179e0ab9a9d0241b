"""Trial of predictions in a back-test, and the sentences about it."""

from odoo.tools import format_date, formatLang

from .prediction import Behaviours

# Of a work list: its first fifth is compared.
LISTS = ("revenue_at_risk", "overdue", "spend")
# Lines have whole parts of a hundred, as they are shown.
PLACES = 2
SCORES = ("probability", "recency", "spend", "fixed_days")


def try_out(back_test):
    """Predict as of the day of a back-test and compare with what followed.

    Learnt one horizon earlier, from what was known then. Two queries.

    :return: the proof as JSON; None where predictions do not look as far ahead
    """
    from ...engine import joined
    from ...engine.customers.behaviour import LEAST_HORIZON, MOST_HORIZON
    from ...engine.customers.proof import prove

    horizon = back_test.run.horizon_days
    if not LEAST_HORIZON <= horizon <= MOST_HORIZON:
        return None
    digits = back_test.parameters.currency_digits
    behaviours = Behaviours(back_test.run.horizon_date, digits, horizon)
    for purchases in back_test.facts_model._purchase_parts(
        back_test.policy, back_test.scope_afterwards()
    ):
        behaviours.add(purchases, None)
    found = joined(behaviours.parts).only(back_test.facts.index)
    return prove(found.before, found.past, horizon).to_json()


def trial_lines(proof):
    """Return the values of the lines: each way to tell, and each work list.

    No amount is among them.
    """
    measures, lists = proof["measures"] or {}, proof["lists"] or {}
    told = [
        {
            "axis": "prediction",
            "score": name,
            "customer_count": proof["customers"],
            "measures": _rounded_measure(measures[name]),
        }
        for name in SCORES
        if name in measures
    ]
    is_tested = any(share is not None for share in lists.values())
    return told + [
        {
            "axis": "work_list",
            "score": name,
            "measures": {
                "held": lists.get(name),
                "is_best": is_tested and name == proof["best_list"],
            },
        }
        for name in LISTS
        if proof["measures"]
    ]


def _rounded_measure(measure):
    """Return a way to tell as its line keeps it."""
    auc, skill, ahead = measure
    return {"auc": _rounded(auc), "skill": _rounded(skill), "ahead": ahead}


def _rounded(estimate):
    return [one if one is None else round(one, PLACES) for one in estimate]


def proof_reason_text(env, reason):
    """Return why no probability is told, as the end of a sentence."""
    texts = {
        "proved": env._("it was not predicted for this customer"),
        "few_customers": env._("too few customers to try it out"),
        "few_events": env._(
            "too few customers bought, or too few did not, to try it out"
        ),
        "short_history": env._("the purchases do not go back far enough"),
        "not_fitted": env._("the purchases follow no pattern that is known"),
        "no_skill": env._("it would not have been right often enough in the past"),
    }
    return texts.get(reason) or env._("no run over all customers has tried it out yet")


def list_name(env, name):
    """Return the name of a work list."""
    field = env["classification.back.test.line"]._fields["score"]
    return dict(field._description_selection(env))[name]


class TrialVerdict:
    """Sentences about predictions of a back-test, in the reader's language."""

    def __init__(self, run):
        self.run = run.sudo()
        self.env = run.env
        self.proof = self.run.prediction_trial

    def sentence(self):
        """Return the verdict in one sentence."""
        proof, days = self.proof, self.run.horizon_days
        if not proof:
            return self.env._(
                "Predictions look 30 to 365 days ahead: over %(days)s days they are "
                "not tried out.",
                days=days,
            )
        if proof["reason"] != "proved":
            return self.env._(
                "Nothing would have been predicted on %(day)s: %(reason)s.",
                day=self._day(),
                reason=proof_reason_text(self.env, proof["reason"]),
            )
        return self._proved_sentence(days)

    def _proved_sentence(self, days):
        """Tell how well buyers were told from others, beside recency."""
        auc, __, ahead = proof_measure(self.proof, "probability")
        recency, *__ = proof_measure(self.proof, "recency")
        numbers = {
            "day": self._day(),
            "days": days,
            "hits": round(100 * auc[0]),
            "recency": round(100 * recency[0]),
        }
        if ahead > 0:
            return self.env._(
                "Predictions of %(day)s would have been shown: of 100 pairs of one who "
                "bought within %(days)s days and one who did not, %(hits)s were told "
                "rightly, more than by the days since the last purchase "
                "(%(recency)s).",
                **numbers,
            )
        if ahead < 0:
            return self.env._(
                "Predictions of %(day)s would have been shown, but the days since the "
                "last purchase alone told better who buys within %(days)s days: "
                "%(recency)s of 100 pairs of a buyer and another one against "
                "%(hits)s.",
                **numbers,
            )
        return self.env._(
            "Predictions of %(day)s would have been shown: of 100 pairs of one who "
            "bought within %(days)s days and one who did not, %(hits)s were told "
            "rightly; the days since the last purchase tell %(recency)s, and the "
            "difference may be chance.",
            **numbers,
        )

    def notes(self):
        """Return what else is to be known, one sentence in a line."""
        if not self.proof:
            return ""
        sentences = [
            self._number_note(),
            self._calibration_note(),
            self._list_note(),
            self._revenue_note(),
        ]
        return "\n".join(filter(None, sentences))

    def _number_note(self):
        """Tell how many customers were there where they were too few."""
        proof = self.proof
        others = proof["customers"] - proof["buyers"]
        if proof["reason"] not in ("few_customers", "few_events"):
            return ""
        return self.env._(
            "%(customers)s customers had bought by then; %(buyers)s of them bought "
            "again and %(others)s did not. It takes 100 customers, and 30 of each: "
            "with fewer, differences between the lines are mostly chance.",
            customers=proof["customers"],
            buyers=proof["buyers"],
            others=others,
        )

    def _calibration_note(self):
        """Tell how often chance does not explain what happened in a group."""
        bins = self.proof["bins"]
        if self.proof["reason"] != "proved" or not bins:
            return ""
        off = sum(not low <= told <= high for __, __, told, __, low, high in bins)
        if not off:
            return self.env._(
                "In each of the %(groups)s groups, about as many bought as predicted.",
                groups=len(bins),
            )
        return self.env._(
            "In %(off)s of the %(groups)s groups more or fewer bought than predicted, "
            "beyond chance: on a customer's page stands what happened, not what was "
            "predicted.",
            off=off,
            groups=len(bins),
        )

    def _list_note(self):
        lists = self.proof["lists"] or {}
        if any(share is not None for share in lists.values()):
            return ""
        return self.env._(
            "The work lists cannot be compared: fewer than 30 customers who had "
            "bought within the days before were lost, or they had brought in nothing."
        )

    def _revenue_note(self):
        """Tell how the sums and ranges did, as shares: no amount."""
        proof = self.proof
        if proof["reason"] != "proved" or not proof["range_customers"]:
            return ""
        if not proof["actual_total"] > 0:
            return ""
        lines = self.env["classification.back.test.line"]
        return self.env._(
            "Expected revenue added up to %(sum)s of the actual one, and %(within)s of "
            "%(customers)s customers were within their range, of which 80 %% is aimed "
            "at.",
            sum=lines._percent_text(proof["expected_total"] / proof["actual_total"]),
            within=lines._percent_text(proof["range_share"]),
            customers=formatLang(self.env, proof["range_customers"], 0),
        )

    def reliability(self):
        """Return the groups by probability as the diagram takes them."""
        names = ("customers", "buyers", "predicted", "rate", "low", "high")
        bins = self.proof["bins"] if self.proof else ()
        return {"bins": [dict(zip(names, one, strict=True)) for one in bins]}

    def _day(self):
        return format_date(self.env, self.run.as_of_date)


def proof_measure(proof, name):
    """Return ``(auc, skill, ahead)`` of a way to tell who buys."""
    return proof["measures"][name]
