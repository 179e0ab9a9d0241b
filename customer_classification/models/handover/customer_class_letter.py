"""*Your Classification and Why*, in words for the customer."""

from datetime import timedelta

from odoo import api, models
from odoo.tools import format_date

from ..common.access_groups import MONEY_GROUP
from ..common.language import known_language
from ..common.punctuation import listed
from ..customer.explanation import UNRATED_REASONS, Sentences, TierLimits
from ..policy.classification_policy_metric import METRIC_SELECTION

_BLOCKS = {"value_tier": "value_tier_id", "lifecycle_stage": "lifecycle_stage_id"}


class LetterWords(Sentences):
    """Words for numbers of a customer, in a letter to that customer.

    :ivar is_open: whether the limits of the tiers may be told: fixed amounts of
        revenue. Shares are found by what others bought, and margins are ours.
    """

    def __init__(self, env, policy, currency, has_amounts):
        super().__init__(env, policy, currency)
        self.shows_money = has_amounts
        self.is_open = (
            self.policy.tier_method == "limit" and self.policy.value_metric == "revenue"
        )


class CustomerClassLetter(models.AbstractModel):
    """Letter that tells a customer the own classes, and why.

    Value tier and lifecycle stage with the customer's own numbers, since when, what
    would change them, how to object to profiling and whom to ask. Left out: churn risk,
    scores, segments, notes of salespeople, reasons of decisions, and limits that are
    made of what other customers bought or of our margin.

    Profiles and history are read with superuser rights, so that a customer can be shown
    a letter of the own: the callers check who may see whose.

    *Query budget*: 25 for any number of letters of one company and language.
    """

    _name = "customer.class.letter"
    _description = "Your Classification and Why"

    @api.model
    def _letters(self, partners, company, has_amounts, lang=None):
        """Return ``{contact: letter}``, each in the language of the contact.

        :param has_amounts: whether what the customer paid is in it
        :param lang: another language, for all
        """
        letters = {}
        by_lang = {lang: partners} if lang else partners.grouped("lang")
        for lang, contacts in by_lang.items():
            model = self.with_context(lang=known_language(self.env, lang)).sudo()
            letters |= model._letters_alike(contacts, company, has_amounts)
        return letters

    @api.model
    def _may_tell_amounts(self):
        """Check if the reader may see what a customer paid."""
        return self.env.user.has_group(MONEY_GROUP)

    @api.model
    def _letters_to_print(self, partners, company):
        """Return the letters of contacts whom the reader may read."""
        partners.check_access("read")
        return self._letters(partners, company, self._may_tell_amounts())

    @api.model
    def _letters_alike(self, contacts, company, has_amounts):
        """Return the letters in the language of the environment."""
        contacts, company = contacts.with_env(self.env), company.with_env(self.env)
        profiles = self._profiles(contacts, company)
        coming = self._coming(profiles)
        return {
            contact: self._letter(
                contact,
                company,
                profiles.get(contact.commercial_partner_id),
                coming,
                has_amounts,
            )
            for contact in contacts
        }

    @api.model
    def _profiles(self, contacts, company):
        """Return ``{customer: profile}`` in a company: one query."""
        model = self.env["customer.profile"].with_context(active_test=False)
        found = model.search(
            [
                ("partner_id", "in", contacts.commercial_partner_id.ids),
                ("company_id", "=", company.id),
            ]
        )
        return {profile.partner_id: profile for profile in found}

    @api.model
    def _coming(self, profiles):
        """Return ``{profile: (numbers to come, limits of the tiers)}``.

        Only of profiles of which something is known.
        """
        every = self.env["customer.profile"].browse(one.id for one in profiles.values())
        edges, coming = every._edges_by_policy(), {}
        stages = self.env["customer.lifecycle.stage"].search_fetch([], ["code", "name"])
        names = {stage.code: stage.name for stage in stages}
        groups = every.grouped(lambda one: (one.policy_id, one.as_of_date))
        for (policy, as_of), its in groups.items():
            if policy and as_of and edges[policy]:
                told = its._outlook(policy, as_of, edges[policy])
                for numbers in told.values():
                    numbers.stage_names = names
                coming |= {one: (told[one], edges[policy]) for one in told}
        return coming

    # One letter

    @api.model
    def _letter(self, contact, company, profile, coming, has_amounts):
        """Return the texts of one letter.

        A dict of ``title``, ``name``, ``lines``, ``blocks`` of a class each, and
        ``rights``.
        """
        objects = contact | contact.commercial_partner_id
        objector = objects.filtered("customer_objects_profiling")[:1]
        blocks, lines = [], []
        if objector:
            lines = [self._objection(objector)]
        elif not profile:
            lines = [self.env._("You have no class with us.")]
        else:
            words = LetterWords(
                self.env, profile.policy_id, profile.currency_id, has_amounts
            )
            lines = self._introduction(profile, words)
            blocks = self._blocks(profile, words, *coming.get(profile, (None, {})))
        return {
            "title": self.env._("Your Classification and Why"),
            "lang": self.env.lang,
            "company": company,
            "name": contact.display_name,
            "lines": lines,
            "blocks": blocks,
            "rights_title": self.env._("Your rights"),
            "rights": self._rights(contact, objector),
            "ask_title": self.env._("Whom to ask"),
            "ask": self._whom_to_ask(contact, company),
        }

    @api.model
    def _objection(self, objector):
        day = objector.customer_objection_date
        if not day:
            return self.env._("You objected to profiling: we do not classify you.")
        return self.env._(
            "You objected to profiling on %s: we do not classify you.",
            format_date(self.env, day),
        )

    @api.model
    def _introduction(self, profile, words):
        texts = [
            self.env._(
                "We work out from what you buy how to serve you. By what counts up to "
                "%s, these are your classes.",
                words.day(profile.as_of_date),
            )
            if profile.as_of_date
            else self.env._("We work out from what you buy how to serve you.")
        ]
        if profile.partner_id.is_company:
            texts.append(
                self.env._(
                    "All purchases of %s count together.", profile.partner_id.name
                )
            )
        return texts

    @api.model
    def _blocks(self, profile, words, told, edges):
        """Return the classes with their reasons, and what would change them."""
        return [
            {
                "title": profile._fields[name]._description_string(self.env),
                "class": profile[name].name,
                "since": self._since(profile, axis, words),
                "sentences": [text for text in sentences if text],
            }
            for (axis, name), sentences in zip(
                _BLOCKS.items(),
                (
                    self._about_tier(profile, words, told, edges),
                    self._about_stage(profile, words, told),
                ),
                strict=True,
            )
            if profile[name]
        ]

    @api.model
    def _since(self, profile, axis, words):
        """Return since when the customer has a class, where that is known."""
        changes = profile.change_ids.filtered(lambda one: one.axis == axis)
        target = "to_tier_id" if axis == "value_tier" else "to_stage_id"
        last = changes.sorted(lambda one: (one.valid_date, one.id))[-1:]
        if last[target] != profile[_BLOCKS[axis]]:
            return ""
        return self.env._("since %s", words.day(last.valid_date))

    # Value tier

    @api.model
    def _about_tier(self, profile, words, told, edges):
        """Return why the tier, how tiers are given, and what would change it."""
        if profile.value_tier_id != profile.shadow_tier_id:
            return [
                self.env._("Somebody of us decided about this class."),
                self._bought(profile, words),
            ]
        if profile.tier_reason in UNRATED_REASONS:
            return [self._unrated(profile, words), self._rated_on(profile, words, told)]
        limits = TierLimits(profile.policy_id, edges)
        return [
            self._bought(profile, words),
            self._measure(words),
            self._limit(profile.shadow_tier_id, words, limits),
            self._kept(profile, words),
            *self._tier_to_come(profile, words, told, limits),
        ]

    @api.model
    def _unrated(self, profile, words):
        """Return why a customer has no tier yet."""
        reason, policy = profile.tier_reason, words.policy
        if reason == "no_purchase":
            return self.env._("You have not bought from us yet.")
        if reason == "too_new":
            return self.env._(
                "We have known you for %(days)s, with %(orders)s: too little for a "
                "class. You get one from %(needed)s on, or after %(tenure)s.",
                days=words.days(profile.tenure_days),
                orders=words.orders(profile.lifetime_order_count),
                needed=words.orders(policy.min_orders),
                tenure=words.days(policy.min_tenure_days),
            )
        if reason == "few_customers":
            return self.env._("Too few customers bought to compare you with.")
        return self.env._(
            "What you bought in the last %s is not enough to tell.", words.months()
        )

    @api.model
    def _rated_on(self, profile, words, told):
        """Return when an unrated customer gets a class, where that is known."""
        if not told or not told.tier_date:
            return ""
        return self.env._(
            "If you buy nothing more, you get a class on %(day)s: %(tier)s.",
            day=words.day(told.tier_date),
            tier=told.next_tier.name,
        )

    @api.model
    def _bought(self, profile, words):
        """Return what the customer bought within the window."""
        if not profile.order_count:
            return self.env._("You bought nothing in the last %s.", words.months())
        values = {
            "months": words.months(),
            "orders": words.orders(profile.order_count),
        }
        if not words.shows_money:
            return self.env._(
                "In the last %(months)s you bought: %(orders)s.", **values
            )
        return self.env._(
            "In the last %(months)s you bought: %(orders)s for %(amount)s, without tax "
            "and less what was given back.",
            amount=words._number(profile.revenue, currency_obj=words.currency),
            **values,
        )

    @api.model
    def _measure(self, words):
        """Return by what the tiers are made, in plain words."""
        if words.policy.value_metric == "margin":
            return self.env._(
                "The class goes by what is left to us of your purchases after their "
                "costs."
            )
        if words.policy.value_metric == "revenue":
            return self.env._("The class goes by how much you bought in that time.")
        labels = dict(self._plain_metrics())
        counted = words.policy.metric_ids.filtered("weight").mapped("metric")
        return self.env._(
            "The class goes by: %s.",
            listed(self.env, [labels[name] for name in counted]),
        )

    @api.model
    def _plain_metrics(self):
        """Return what a score is made of, in words of everyday life."""
        plain = {
            "recency": self.env._("how long ago you bought"),
            "frequency": self.env._("how often you bought"),
            "monetary": self.env._("how much you bought"),
            "margin": self.env._("what is left to us of your purchases"),
            "growth": self.env._("whether you buy more or less than before"),
            "average_order": self.env._("the size of your orders"),
            "tenure": self.env._("how long you have been a customer"),
            "interactions": self.env._("how often we were in touch"),
            "satisfaction": self.env._("how satisfied you told us you are"),
        }
        return [(name, plain[name]) for name, __ in METRIC_SELECTION]

    @api.model
    def _limit(self, tier, words, limits):
        """Return who belongs to the tier, where that tells nothing of others."""
        if words.policy.tier_method == "top_percent":
            return self._share(tier, words)
        is_told = words.is_open and words.shows_money
        if not is_told or tier.id not in limits.enter:
            return ""
        return self.env._(
            "%(tier)s begins at %(limit)s.",
            tier=tier.name,
            limit=words.value(limits.enter[tier.id]),
        )

    @api.model
    def _share(self, tier, words):
        share = words._shares.get(tier)
        if not share or share >= 100:
            return ""
        return self.env._(
            "%(tier)s is for the best %(share)s %% of our customers.",
            tier=tier.name,
            share=words.number(share),
        )

    @api.model
    def _kept(self, profile, words):
        """Return why a tier is kept although a little is missing."""
        values = {"tier": profile.shadow_tier_id.name}
        if profile.tier_reason == "kept":
            return self.env._(
                "That is a little less than %(tier)s needs; you keep it.", **values
            )
        if profile.tier_reason != "grace" or not profile.tier_below_since:
            return ""
        return self.env._(
            "Since %(day)s that is too little for %(tier)s; you keep it for %(days)s "
            "from then on.",
            day=words.day(profile.tier_below_since),
            days=words.days(words.policy.grace_days),
            **values,
        )

    @api.model
    def _tier_to_come(self, profile, words, told, limits):
        """Return what reaches the next tier, and when this one is lost."""
        above = limits.above(profile.shadow_tier_id)
        if not told:
            return []
        reach = ""
        if words.is_open:
            reach = profile._reach_text(words, told)
        elif words.policy.tier_method == "top_percent" and above:
            reach = self._share(above, words)
        return [reach, self._lost(profile, words, told)]

    @api.model
    def _lost(self, profile, words, told):
        """Return on which day another tier follows without purchases."""
        if not told.tier_date or told.is_better or "value_tier" in told.until:
            return ""
        values = {"next": told.next_tier.name, "day": words.day(told.tier_date)}
        lost = self.env._(
            "If you buy nothing more, it becomes %(next)s on %(day)s.", **values
        )
        if not words.is_open:
            return self.env._(
                "If you buy nothing more, it becomes %(next)s on about %(day)s.",
                **values,
            )
        needed = profile._needed(words, told)
        if not needed:
            return lost
        return self.env._(
            "%(lost)s To keep %(tier)s: %(needed)s by %(day)s.",
            lost=lost,
            tier=profile.shadow_tier_id.name,
            needed=needed,
            day=words.day(told.tier_date - timedelta(days=1)),
        )

    # Lifecycle stage

    @api.model
    def _about_stage(self, profile, words, told):
        """Return why the stage, and when another follows."""
        stage = profile.lifecycle_stage_id
        if stage != profile.shadow_stage_id:
            return [self.env._("Somebody of us decided about this class.")]
        return [
            self._meaning(stage),
            self._purchases(profile, words),
            self._silence(profile, words, told),
        ]

    @api.model
    def _meaning(self, stage):
        """Return what a stage means, where its description says so."""
        if not stage.description:
            return ""
        return self.env._(
            "%(stage)s means: %(description)s",
            stage=stage.name,
            description=stage.description,
        )

    @api.model
    def _purchases(self, profile, words):
        """Return when the customer bought, and how often that is usual."""
        if not profile.last_purchase_date:
            return ""
        last = words.day(profile.last_purchase_date)
        if profile.visit_count < 2:
            return self.env._("You bought once, on %s.", last)
        return self.env._(
            "You bought on %(first)s for the first time and on %(last)s for the last "
            "time; usually you buy about every %(gap)s.",
            first=words.day(profile.first_purchase_date),
            last=last,
            gap=words.gap({"gap": profile.expected_gap_days}),
        )

    @api.model
    def _silence(self, profile, words, told):
        """Return the stages that follow without a purchase."""
        if profile.shadow_stage_id.code == "lost":
            return self.env._("Your next purchase changes that.")
        if not told or "lifecycle_stage" in told.until:
            return ""
        return profile._stage_text(words, told, told.stage_names)

    # Rights

    @api.model
    def _rights(self, contact, objector):
        """Return how to object to profiling, and to correct what is wrong."""
        texts = [
            self.env._(
                "Tell us if something here is wrong, or if you want somebody to look "
                "at your class."
            )
        ]
        if contact.is_company:
            return texts
        where = f"{contact.get_base_url()}/my/security#profiling"
        if objector:
            back = self.env._(
                "You may take your objection back at any time: in your account (%s), "
                "or by a word to us.",
                where,
            )
            return [back, *texts]
        return [
            self.env._(
                "You may object to profiling at any time, without a reason: in your "
                "account (%s), or by a word to us. We then give you no class, and do "
                "not choose you for campaigns.",
                where,
            ),
            *texts,
        ]

    @api.model
    def _whom_to_ask(self, contact, company):
        """Return the salesperson, or the company where there is none."""
        user = contact.user_id or contact.commercial_partner_id.user_id
        asked = user.partner_id or company.partner_id
        return [text for text in (asked.name, asked.email, asked.phone) if text]
