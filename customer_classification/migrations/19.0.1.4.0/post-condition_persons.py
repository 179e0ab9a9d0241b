"""Conditions are looked at with the rights of a person: name one for those of before.

Of a rule of a smart tag, and of a campaign, it is who made it. A rule that no person
made rests until somebody switches it on, and so does a live campaign with a filter that
another person may have written since. What a policy finds must not change: filters that
no person wrote go on with all rights.
"""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE classification_tag_rule SET responsible_id = NULLIF(create_uid, 1)
        """
    )
    cr.execute(
        """
        UPDATE utm_campaign SET campaign_targeted_by_id =
               CASE WHEN COALESCE(campaign_target_domain, '[]') = '[]'
                      OR campaign_audience_mode <> 'live' OR write_uid = create_uid
                    THEN create_uid END
        """
    )
    cr.execute(
        """
        UPDATE classification_policy
           SET filter_user_id = COALESCE(published_by_id, create_uid, 1)
        """
    )
