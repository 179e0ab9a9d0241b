"""Kinds of classified records, and the differences between them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassifiedKind:
    """One kind of classified records.

    :param model: name of the model of the records, as ``res.partner``
    :param profile_model: name of the model of their profiles
    :param subject: field of profiles, moves and decisions that names the record
    :param profile_field: field of the record that shows its profile
    :param search_field: field of the record by which a text finds its profile
    """

    model: str
    profile_model: str
    subject: str
    profile_field: str
    search_field: str


CUSTOMER = ClassifiedKind(
    model="res.partner",
    profile_model="customer.profile",
    subject="partner_id",
    profile_field="customer_profile_id",
    search_field="commercial_partner_id",
)
PRODUCT = ClassifiedKind(
    model="product.template",
    profile_model="product.profile",
    subject="product_tmpl_id",
    profile_field="product_profile_id",
    search_field="name",
)
CAMPAIGN = ClassifiedKind(
    model="utm.campaign",
    profile_model="campaign.profile",
    subject="campaign_id",
    profile_field="campaign_profile_id",
    search_field="title",
)
