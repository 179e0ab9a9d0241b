"""Findings of a back-test, in sentences."""

from odoo.tools import format_date

# With fewer warned customers than this, rates are chance.
ENOUGH_WARNED = 20
# Shares of revenue that differ by less are reported as equal.
SAME_SHARE = 0.01


class Verdict:
    """The sentences about a back-test, in the reader's language.

    Rendered from the stored numbers.
    """

    def __init__(self, run):
        self.run = run
        self.env = run.env

    def text(self):
        """Return the sentences, one in a line."""
        return "\n".join(filter(None, self._sentences()))

    def _sentences(self):
        """Return the sentences one after the other, empty ones among them."""
        period = {
            "days": self.run.horizon_days,
            "day": format_date(self.env, self.run.as_of_date),
        }
        whole = self.run.back_test_tier_ids.filtered("is_total").measures
        if not whole["customers"]:
            sentence = self.env._(
                "Nobody had bought by %(day)s, so there is nothing to compare.",
                **period,
            )
            return [self._shortened_sentence(), sentence]
        if not whole["buyers"]:
            sentence = self.env._(
                "Of %(customers)s customers nobody bought again in the %(days)s days "
                "after %(day)s.",
                customers=whole["customers"],
                **period,
            )
            return [self._shortened_sentence(), sentence]
        return [
            self._shortened_sentence(),
            self._tier_sentence(period),
            *self._warning_sentences(),
            self._lost_sentence(),
            self._newcomer_sentence(),
        ]

    def _shortened_sentence(self):
        if self.run.horizon_days == self.run.asked_horizon_days:
            return ""
        return self.env._(
            "Only %(days)s of the %(asked)s days asked for are over.",
            days=self.run.horizon_days,
            asked=self.run.asked_horizon_days,
        )

    # Tiers

    def _tier_sentence(self, period):
        """Compare the best tier with as many customers by last year's spend."""
        line = self.run.back_test_tier_ids.filtered(
            lambda line: line.customer_count
            and not line.is_total
            and not line.value_tier_id.is_unrated
        )[:1]
        if not line or line.measures["revenue_lift"] is None:
            return ""
        share, spend = (line.measures[n] for n in ("revenue_share", "spend_share"))
        numbers = {
            "tier": line.value_tier_id.name,
            "times": line.revenue_lift_text,
            "share": line.revenue_share_text,
            "spend": line.spend_share_text,
            **period,
        }
        if abs(share - spend) < SAME_SHARE and self._is_last_years_spend():
            return self.env._(
                "%(tier)s customers bought %(times)s times as much as the average in "
                "the %(days)s days after %(day)s: %(share)s of the revenue. The tiers "
                "themselves rank by the revenue of the 12 months before, so they are "
                "no better than it.",
                **numbers,
            )
        if abs(share - spend) < SAME_SHARE:
            return self.env._(
                "%(tier)s customers bought %(times)s times as much as the average in "
                "the %(days)s days after %(day)s: %(share)s of the revenue, as much "
                "as the same number of customers who spent most in the 12 months "
                "before.",
                **numbers,
            )
        if share > spend:
            return self.env._(
                "%(tier)s customers bought %(times)s times as much as the average in "
                "the %(days)s days after %(day)s: %(share)s of the revenue, more than "
                "the same number of customers who spent most in the 12 months before "
                "(%(spend)s).",
                **numbers,
            )
        return self.env._(
            "%(tier)s customers bought %(times)s times as much as the average in the "
            "%(days)s days after %(day)s: %(share)s of the revenue, less than the "
            "same number of customers who spent most in the 12 months before "
            "(%(spend)s).",
            **numbers,
        )

    def _is_last_years_spend(self):
        """Return whether the tiers are by the number that they are compared with."""
        policy = self.run.policy_id
        return policy.value_metric == "revenue" and policy.window_months == 12

    # Warnings

    def _warning_sentences(self):
        """Return how good the warning was, and whether a simple rule was better."""
        ours = self.run.back_test["warnings"]["medium"]
        numbers = self._warning_numbers(ours)
        if not ours["lost"]:
            return [self.env._("Every customer that could be lost bought again.")]
        if not ours["warned"]:
            return [
                self.env._(
                    "Nobody was warned of, but %(lost)s of %(customers)s customers did "
                    "not buy again.",
                    **numbers,
                )
            ]
        sentence = self.env._(
            "%(right)s of the %(warned)s customers warned of did not buy again, "
            "against %(base)s of all, and they were %(found)s of those who did not.",
            **numbers,
        )
        if ours["warned"] < ENOUGH_WARNED:
            return [sentence, self.env._("So few customers prove nothing.")]
        return [
            sentence,
            self._chance_sentence(ours),
            self._fixed_days_sentence(ours),
            self._low_spend_sentence(ours),
        ]

    def _warning_numbers(self, one):
        lines = self.env["classification.back.test.line"]
        base = one["lost"] / one["customers"] if one["customers"] else None
        return {
            "warned": one["warned"],
            "lost": one["lost"],
            "customers": one["customers"],
            "base": lines._percent_text(base),
            "right": lines._percent_text(one["precision"]),
            "found": lines._percent_text(one["recall"]),
        }

    def _chance_sentence(self, ours):
        """Return a sentence where warning of anybody would have been as good."""
        from ...engine.customers.back_test import differ

        better = differ(ours["hits"], ours["warned"], ours["lost"], ours["customers"])
        if better > 0:
            return ""
        return self.env._("Warning of anybody at random would have been as good.")

    def _fixed_days_sentence(self, ours):
        """Compare with the rule that warns after more than 90 days of silence."""
        rule = self.run.back_test["warnings"]["fixed_days"]
        numbers = self._warning_numbers(rule)
        texts = {
            "better": self.env._(
                "This is better than warning of everybody without a purchase for more "
                "than 90 days (%(right)s right, %(found)s found).",
                **numbers,
            ),
            "same": self.env._(
                "Warning of everybody without a purchase for more than 90 days would "
                "have been about as good (%(right)s right, %(found)s found).",
                **numbers,
            ),
            "worse": self.env._(
                "Warning of everybody without a purchase for more than 90 days would "
                "have been better (%(right)s right, %(found)s found).",
                **numbers,
            ),
            "surer": self.env._(
                "Warning of everybody without a purchase for more than 90 days would "
                "have found more, but been right less often (%(right)s right, "
                "%(found)s found).",
                **numbers,
            ),
            "wider": self.env._(
                "Warning of everybody without a purchase for more than 90 days would "
                "have been right more often, but found fewer (%(right)s right, "
                "%(found)s found).",
                **numbers,
            ),
        }
        return texts[self._compared(ours, rule)]

    def _low_spend_sentence(self, ours):
        """Compare with as many customers by last year's spend.

        The numbers are equal, so that one of the two is right more often and finds
        more.
        """
        rule = self.run.back_test["warnings"]["low_spend"]
        numbers = self._warning_numbers(rule)
        texts = {
            "better": self.env._(
                "It is better than warning of as many customers who spent least in "
                "the 12 months before (%(right)s right).",
                **numbers,
            ),
            "same": self.env._(
                "Warning of as many customers who spent least in the 12 months before "
                "would have been about as good (%(right)s right).",
                **numbers,
            ),
            "worse": self.env._(
                "Warning of as many customers who spent least in the 12 months before "
                "would have been better (%(right)s right).",
                **numbers,
            ),
        }
        return texts[self._compared(ours, rule)]

    def _compared(self, ours, rule):
        """Compare two warnings by how often they are right and how many they find.

        ``same`` where chance explains both differences, ``surer`` or ``wider`` where
        one number is better and the other one is not.
        """
        from ...engine.customers.back_test import differ

        right = ours["precision"] - (rule["precision"] or 0)
        found = ours["recall"] - rule["recall"]
        if not differ(
            ours["hits"], ours["warned"], rule["hits"], rule["warned"]
        ) and not differ(ours["hits"], ours["lost"], rule["hits"], rule["lost"]):
            return "same"
        if right * found < 0:
            return "surer" if right > 0 else "wider"
        return "better" if right + found > 0 else "worse"

    def _lost_sentence(self):
        """Warn where lost customers came back more often than dormant ones.

        The names of the stages promise the opposite.
        """
        from ...engine.customers.back_test import differ, lost_stay_more

        if not lost_stay_more(self.run.back_test_stage_ids.mapped("measures")):
            return ""
        lost, dormant = (self._stage_measures(code) for code in ("lost", "dormant"))
        lines = self.env["classification.back.test.line"]
        numbers = {
            "lost": lines._percent_text(lost["loss_rate"]),
            "dormant": lines._percent_text(dormant["loss_rate"]),
        }
        ends = [m[n] for m in (dormant, lost) for n in ("buyers", "customers")]
        if differ(*ends):
            return self.env._(
                "Warning: customers called lost bought again more often than those "
                "called dormant (%(lost)s did not, against %(dormant)s). These rules "
                "call customers lost too early: let more time pass before it.",
                **numbers,
            )
        return self.env._(
            "Warning: customers called lost bought again more often than those called "
            "dormant (%(lost)s did not, against %(dormant)s). With so few of them it "
            "may be chance; look at the rules for lost customers.",
            **numbers,
        )

    def _stage_measures(self, code):
        """Return the measures of a lifecycle stage."""
        lines = self.run.back_test_stage_ids
        line = lines.filtered(lambda line: line.lifecycle_stage_id.code == code)
        return line.measures

    def _newcomer_sentence(self):
        """Return the share of new customers, which no class could foresee."""
        share = self.run.back_test["newcomer_share"]
        if not share or share < SAME_SHARE:
            return ""
        return self.env._(
            "New customers, of whom nothing was known, brought %(share)s of the "
            "revenue of those days.",
            share=self.env["classification.back.test.line"]._percent_text(share),
        )
