from odoo import api, models

from .base_automation import MODEL_OF_TAGS, MODELS_OF_CLASSES


class ClassificationEvent(models.Model):
    _inherit = "classification.event"

    @api.model
    def _listens(self, company):
        return super()._listens(company) or self.env["base.automation"]._listens_to(
            *MODELS_OF_CLASSES
        )

    @api.model
    def _listens_to_tags(self):
        return super()._listens_to_tags() or self.env["base.automation"]._listens_to(
            MODEL_OF_TAGS
        )

    def _deliver(self):
        delivered = super()._deliver()
        # Rules do not see writes from before their creation: events of different
        # moments are looked at apart, and those of a run are of one moment.
        for moment, events in self.grouped("create_date").items():
            events._fire_classes(moment)
            events._fire_tags(moment)
        return delivered

    def _fire_classes(self, moment):
        """Have the rules on profiles and on changes fire."""
        automation = self.env["base.automation"]
        profiles = self._profiles()
        found = self.filtered(profiles.get)
        new = found.filtered("is_new")
        automation._fire_created(new._profiles_in(profiles), moment)
        moved = found - new
        before = {profiles[one].id: one._classes_before() for one in moved}
        automation._fire_written(moved._profiles_in(profiles), before, moment)
        automation._fire_created(self._changes(), moment)

    def _profiles(self):
        """Return ``{event: profile}`` of the customers that still have one.

        One query.
        """
        with_classes = self.filtered("classes_before")
        profiles = (
            self.env["customer.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("partner_id", "in", with_classes.partner_id.ids),
                    ("company_id", "in", with_classes.company_id.ids),
                ]
            )
        )
        by_key = {(one.partner_id, one.company_id): one for one in profiles}
        keys = {one: (one.partner_id, one.company_id) for one in with_classes}
        return {one: by_key[key] for one, key in keys.items() if key in by_key}

    def _profiles_in(self, profiles):
        """Return the profiles of these events.

        :param profiles: the result of :meth:`_profiles`
        """
        return self.env["customer.profile"].concat(*(profiles[one] for one in self))

    def _classes_before(self):
        """Return ``{field: value before}`` as records have it."""
        fields = self.env["customer.profile"]._fields
        return {
            name: self.env[fields[name].comodel_name].browse(value or ())
            if fields[name].relational
            else value or False
            for name, value in self.classes_before.items()
        }

    def _fire_tags(self, moment):
        """Have the rules on contacts fire for their tags."""
        tagged = self.filtered("tags")
        before = {}
        for event in tagged:
            tags = event.partner_id.category_id
            added, removed = (tags.browse(event.tags[n]) for n in ("added", "removed"))
            before[event.partner_id.id] = {
                "category_id": (tags - added) | removed.exists()
            }
        self.env["base.automation"]._fire_written(tagged.partner_id, before, moment)
