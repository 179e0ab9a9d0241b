from odoo import api, models

CAMPAIGN, PARTICIPANT = "campaign.profile", "campaign.participant"
# So many campaigns are shown, those that began last.
SHOWN_CAMPAIGNS = 10


class CustomerOverviewCampaignMixin(models.AbstractModel):
    """Results of the campaigns between the two days."""

    _name = "customer.overview.campaign.mixin"
    _description = "Campaigns in the Overview"

    @api.model
    def _campaigns_block(self, choice):
        """Return the last campaigns of the period with what came of them.

        Seven queries. Conditions on the customers do not apply: a campaign is judged by
        all who took part.
        """
        model = self.env[CAMPAIGN]
        if not model.has_access("read") or not self.env[PARTICIPANT].has_access("read"):
            return {"is_readable": False, "campaigns": []}
        found = model.search(
            choice.domain(
                CAMPAIGN,
                ("start_date", "<=", choice.last),
                *("|", ("end_date", "=", False), ("end_date", ">=", choice.first)),
            ),
            limit=SHOWN_CAMPAIGNS,
        )
        numbers = self._campaign_numbers(choice, found)
        performance = dict(
            model._fields["performance_class"]._description_selection(self.env)
        )
        return {
            "is_readable": True,
            "campaigns": [
                {
                    "name": one.campaign_id.display_name,
                    "performance": performance.get(one.performance_class, ""),
                    "text": one.lift_text or "",
                    **{
                        name: self._campaign_cell(choice, one, conditions, numbers)
                        for name, conditions in _GROUPS.items()
                    },
                }
                for one in found
            ],
        }

    @api.model
    def _campaign_numbers(self, choice, profiles):
        """Return ``{(campaign, company, control?, bought?): numbers}``: one query."""
        groups = self.env[PARTICIPANT]._read_group(
            choice.domain(PARTICIPANT, ("campaign_id", "in", profiles.campaign_id.ids)),
            ["campaign_id", "company_id", "is_control", "is_converted"],
            ["__count", *choice.amounts("revenue:sum")],
        )
        return {(*place,): numbers for *place, numbers in map(_split, groups)}

    @api.model
    def _campaign_cell(self, choice, profile, conditions, numbers):
        """Return a group of the participants of a campaign in its company."""
        own = [
            numbers.get((profile.campaign_id, profile.company_id, *flags), [0])
            for flags in _flags(conditions)
        ]
        return choice.cell(
            PARTICIPANT,
            [
                ("campaign_id", "=", profile.campaign_id.id),
                ("company_id", "=", profile.company_id.id),
                *conditions,
            ],
            sum(count for count, *__ in own),
            "revenue",
            sum(amount or 0 for __, *amounts in own for amount in amounts),
        )


_GROUPS = {
    "treated": [("is_control", "=", False)],
    "buyers": [("is_control", "=", False), ("is_converted", "=", True)],
    "control": [("is_control", "=", True)],
}


def _split(group):
    """Return the keys of a group, and its numbers as a list."""
    return (*group[:4], list(group[4:]))


def _flags(conditions):
    """Return the ``(is_control, is_converted)`` that conditions let pass."""
    asked = {name: value for name, __, value in conditions}
    return [
        (asked["is_control"], converted)
        for converted in (False, True)
        if asked.get("is_converted", converted) == converted
    ]
