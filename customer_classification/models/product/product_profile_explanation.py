from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from .product_profile import CLASS_FIELDS


class ProductProfile(models.Model):
    """Says why a product has its classes, by its numbers and the limits of the
    policy, in the language of the reader."""

    _inherit = "product.profile"

    abc_explanation = fields.Char(
        string="Why This ABC Class", compute="_compute_explanations"
    )
    xyz_explanation = fields.Char(
        string="Why This XYZ Class", compute="_compute_explanations"
    )
    band_explanation = fields.Char(
        string="Why This Price Band", compute="_compute_explanations"
    )
    lifecycle_explanation = fields.Char(
        string="Why This Sales Lifecycle", compute="_compute_explanations"
    )

    @api.depends(
        *("abc_class", "abc_reason", "xyz_class", "xyz_reason", "price_band"),
        *("band_reason", "sales_lifecycle", "lifecycle_reason", "policy_id"),
        "is_overridden",
    )
    @api.depends_context("lang", "uid")
    def _compute_explanations(self):
        """Four sentences each: the queries of reading profiles and policies."""
        for profile, seen in zip(self.sudo(), self, strict=True):
            told = profile._told
            seen.abc_explanation = told("abc", profile._explain_abc())
            seen.xyz_explanation = told("xyz", profile._explain_xyz())
            seen.band_explanation = told("price_band", profile._explain_band())
            seen.lifecycle_explanation = told(
                "sales_lifecycle", profile._explain_lifecycle()
            )

    def _told(self, axis, why):
        """The sentence about the numbers, and who decided otherwise."""
        number = self._by_numbers(axis)
        if number == self[CLASS_FIELDS[axis]]:
            return why
        words = dict(self._fields[CLASS_FIELDS[axis]]._description_selection(self.env))
        return self.env._(
            "A person decided. By the numbers: %(class)s. %(why)s",
            **{"class": words.get(number, "-"), "why": why or ""},
        ).strip()

    def _number(self, value, digits=1):
        return formatLang(self.env, value, digits)

    def _explain_abc(self):
        policy = self.policy_id
        values = {
            "share": self._number(self.abc_share * 100),
            "what": self._ranked_by(),
            "points": self._number(policy.product_keep_points),
            "since": format_date(self.env, self.abc_below_since),
            "months": policy.window_months,
            "days": policy.product_new_days,
            "first": format_date(self.env, self.first_sale_date),
        }
        sentence = {
            "limit": self._explain_place,
            "kept": lambda **v: self.env._(
                "Better products make %(share)s %% of the %(what)s: beyond the limit, "
                "but by less than %(points)s points.",
                **v,
            ),
            "grace": lambda **v: self.env._(
                "Better products make %(share)s %% of the %(what)s; beyond what keeps "
                "the class since %(since)s, not for long enough.",
                **v,
            ),
            "lapsed": lambda **v: self.env._(
                "Nothing was sold in the last %(months)s months.", **v
            ),
            "nothing_earned": lambda **v: self.env._(
                "It was sold, but brought no %(what)s.", **v
            ),
            "new": lambda **v: self.env._(
                "First sold on %(first)s: a product is not put into C in its first "
                "%(days)s days.",
                **v,
            ),
            "not_sold": lambda **v: self.env._("It was never sold."),
            "unknown": lambda **v: self.env._(
                "Its margin is not known: give it a cost."
            ),
        }.get(self.abc_reason)
        return sentence and sentence(**values)

    def _explain_place(self, **values):
        policy = self.policy_id
        if not self.abc_share:
            return self.env._("No product makes more %(what)s.", **values)
        number = self._by_numbers("abc")
        if number == "c":
            return self.env._(
                "Better products make %(share)s %% of the %(what)s: %(limit)s %% or "
                "more.",
                limit=self._number(policy.product_b_percent),
                **values,
            )
        limit = {"a": policy.product_a_percent, "b": policy.product_b_percent}
        return self.env._(
            "Better products make %(share)s %% of the %(what)s: less than "
            "%(limit)s %%.",
            limit=self._number(limit.get(number, 0)),
            **values,
        )

    def _ranked_by(self):
        """What products are ranked by, in the middle of a sentence."""
        return {
            "revenue": self.env._("revenue"),
            "margin": self.env._("margin"),
            "quantity": self.env._("quantity"),
        }.get(self.policy_id.product_rank_by, "")

    def _explain_xyz(self):
        policy = self.policy_id
        values = {
            "cv": self._number(self.cv, 2),
            "months": self.month_count,
            "needed": policy.product_min_months,
            "x": self._number(policy.product_x_limit, 2),
            "y": self._number(policy.product_y_limit, 2),
            "since": format_date(self.env, self.xyz_above_since),
        }
        sentence = {
            "limit": lambda **v: self._explain_variation(**v),
            "kept": lambda **v: self.env._(
                "A usual month is %(cv)s times the mean away from it: above the limit, "
                "but within the tolerance.",
                **v,
            ),
            "grace": lambda **v: self.env._(
                "A usual month is %(cv)s times the mean away from it; above what keeps "
                "the class since %(since)s, not for long enough.",
                **v,
            ),
            "no_demand": lambda **v: self.env._("As much came back as was sold."),
            "too_few_months": lambda **v: self.env._(
                "Known for %(months)s full months; %(needed)s are needed.", **v
            ),
            "not_sold": lambda **v: self.env._(
                "Nothing was sold in the full months of the window."
            ),
        }.get(self.xyz_reason)
        return sentence and sentence(**values)

    def _explain_variation(self, **values):
        if not self.policy_id.product_xyz_months:
            return self.env._(
                "A usual month is %(cv)s times the mean away from it, over %(months)s "
                "full months. X: up to %(x)s, Y: up to %(y)s.",
                **values,
            )
        return self.env._(
            "A usual month is %(cv)s times the mean away from it, over %(months)s full "
            "months; those before the first sale count as months without one. X: up to "
            "%(x)s, Y: up to %(y)s.",
            **values,
        )

    def _explain_band(self):
        price = formatLang(self.env, self.list_price, currency_obj=self.currency_id)
        sentence = {
            "category": lambda: self.env._(
                "%(price)s, compared with the prices of %(category)s.",
                price=price,
                category=self.categ_id.display_name,
            ),
            "all": lambda: self.env._(
                "%(price)s, compared with the prices of all products.", price=price
            ),
            "limit": lambda: self.env._(
                "%(price)s, by the fixed prices of the policy.", price=price
            ),
            "alike": lambda: self.env._("All products have the same price."),
            "no_price": lambda: self.env._("It has no sales price."),
        }.get(self.band_reason)
        return sentence and sentence()

    def _explain_lifecycle(self):
        policy = self.policy_id
        values = {
            "first": format_date(self.env, self.first_sale_date),
            "last": format_date(self.env, self.last_sale_date),
            "days": policy.product_introduction_days,
            "end": policy.product_end_days,
            "trend": self._number(self.trend * 100),
            "before": self._compared_with(),
        }
        sentence = {
            "young": lambda **v: self.env._(
                "First sold on %(first)s, less than %(days)s days ago.", **v
            ),
            "no_sales": lambda **v: self.env._(
                "Last sold on %(last)s, more than %(end)s days ago.", **v
            ),
            "withdrawn": lambda **v: self.env._("Archived, or not for sale any more."),
            "not_sold": lambda **v: self.env._("It was never sold."),
            "few_sales": lambda **v: self.env._("Too few sales to tell a trend."),
        }.get(self.lifecycle_reason, self._explain_trend)
        return self.lifecycle_reason and sentence(**values)

    def _explain_trend(self, **values):
        if self.lifecycle_reason == "kept":
            return self.env._(
                "Sales differ by %(trend)s %% %(before)s: the trend has not clearly "
                "turned.",
                **values,
            )
        return self.env._("Sales differ by %(trend)s %% %(before)s.", **values)

    def _compared_with(self):
        """Against what the trend is told, at the end of a sentence."""
        if self.trend_is_seasonal:
            return self.env._("from the same months a year before")
        return self.env._("from the months before")
