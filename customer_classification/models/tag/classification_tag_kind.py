"""Kinds of tagged records: contacts, products and campaigns.

All that is done with tags is done alike for the three; the differences are named here,
once.
"""

from dataclasses import dataclass

from odoo.tools import SQL


@dataclass(frozen=True)
class TagKind:
    """One of the three kinds.

    :ivar name: name of the kind in rows
    :ivar model: the tagged model
    :ivar tag_model: the tags
    :ivar field: field of ``model`` with its tags
    :ivar inverse: field of ``tag_model`` with the tagged records
    :ivar relation: table between the two
    :ivar record_column: its column that refers to ``model``
    :ivar tag_column: its column that refers to ``tag_model``
    :ivar record_field: field of our rows that refers to ``model``
    :ivar tag_field: field of our rows that refers to ``tag_model``
    :ivar links: field of ``model`` with our rows about where its tags come from
    """

    name: str
    model: str
    tag_model: str
    field: str
    inverse: str
    relation: str
    record_column: str
    tag_column: str
    record_field: str
    tag_field: str
    links: str

    @property
    def table(self):
        return SQL.identifier(self.relation)

    @property
    def record(self):
        return SQL.identifier(self.record_column)

    @property
    def tag(self):
        return SQL.identifier(self.tag_column)

    @property
    def record_key(self):
        return SQL.identifier(self.record_field)

    @property
    def tag_key(self):
        return SQL.identifier(self.tag_field)

    @property
    def tag_table(self):
        return SQL.identifier(self.tag_model.replace(".", "_"))


CONTACTS = TagKind(
    name="partner",
    model="res.partner",
    tag_model="res.partner.category",
    field="category_id",
    inverse="partner_ids",
    relation="res_partner_res_partner_category_rel",
    record_column="partner_id",
    tag_column="category_id",
    record_field="partner_id",
    tag_field="partner_tag_id",
    links="customer_tag_link_ids",
)
PRODUCTS = TagKind(
    name="product",
    model="product.template",
    tag_model="product.tag",
    field="product_tag_ids",
    inverse="product_template_ids",
    relation="product_tag_product_template_rel",
    record_column="product_template_id",
    tag_column="product_tag_id",
    record_field="product_tmpl_id",
    tag_field="product_tag_id",
    links="product_tag_link_ids",
)
CAMPAIGNS = TagKind(
    name="campaign",
    model="utm.campaign",
    tag_model="utm.tag",
    field="tag_ids",
    inverse="campaign_ids",
    relation="utm_tag_rel",
    # Odoo names the columns of this table the wrong way round.
    record_column="tag_id",
    tag_column="campaign_id",
    record_field="campaign_id",
    tag_field="campaign_tag_id",
    links="campaign_tag_link_ids",
)
KINDS = {kind.name: kind for kind in (CONTACTS, PRODUCTS, CAMPAIGNS)}
KIND_OF_MODEL = {kind.model: kind for kind in KINDS.values()}
KIND_OF_TAG_MODEL = {kind.tag_model: kind for kind in KINDS.values()}
