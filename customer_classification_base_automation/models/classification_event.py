from odoo import api, models

from .base_automation import MODEL_OF_TAGS, WRITTEN_BY_RUNS


class ClassificationEvent(models.Model):
    _inherit = "classification.event"

    @api.model
    def _listens(self, run):
        automation = self.env["base.automation"]
        if run.kind in WRITTEN_BY_RUNS:
            written, changes = WRITTEN_BY_RUNS[run.kind]
            if automation._listens_to(written.profile_model, changes):
                return True
        return super()._listens(run)

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
        """Have the rules on profiles and on changes fire, by kind of run."""
        found = self.filtered("run_id").grouped(lambda event: event.run_id.kind)
        for kind, events in found.items():
            written, change_model = WRITTEN_BY_RUNS[kind]
            events._fire_profiles(written, moment)
            changes = events._changes(change_model)
            self.env["base.automation"]._fire_created(changes, moment)

    def _fire_profiles(self, written, moment):
        """Have the rules on profiles of one kind fire."""
        automation = self.env["base.automation"]
        model = written.profile_model
        profiles = self._profiles(model, written.subject)
        # Events of segments alone are there only where a playbook begins by one.
        found = self.filtered(
            lambda event: profiles.get(event)
            and "segment_id" not in (event.classes_before or {})
        )
        new = found.filtered("is_new")
        automation._fire_created(new._profiles_in(model, profiles), moment)
        moved = found - new
        before = {profiles[one].id: one._classes_before(model) for one in moved}
        automation._fire_written(moved._profiles_in(model, profiles), before, moment)

    def _profiles(self, model, subject):
        """Return ``{event: profile}`` of the records that still have one.

        One query.
        """
        profiles = (
            self.env[model]
            .with_context(active_test=False)
            .search(
                [
                    (subject, "in", self[subject].ids),
                    ("company_id", "in", self.company_id.ids),
                ]
            )
        )
        by_key = {(one[subject], one.company_id): one for one in profiles}
        keys = {one: (one[subject], one.company_id) for one in self}
        return {one: by_key[key] for one, key in keys.items() if key in by_key}

    def _profiles_in(self, model, profiles):
        """Return the profiles of these events.

        :param profiles: the result of :meth:`_profiles`
        """
        return self.env[model].concat(*(profiles[one] for one in self))

    def _classes_before(self, model):
        """Return ``{field: value before}`` as records have it."""
        fields = self.env[model]._fields
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
