from odoo import api, fields, models
from odoo.tools import SQL

from ..classified.kind import CUSTOMER
from ..common.access_groups import USER_GROUP
from ..common.searched_values import searched_by_sql
from ..history.classification_history_mixin import CustomerIds

# ``{field: axis of the history}``
AXES_THEN = {
    "customer_value_tier_then_id": "value_tier",
    "customer_lifecycle_stage_then_id": "lifecycle_stage",
}


class CustomerClassesThenMixin(models.AbstractModel):
    """Classes of the customer on the day of a report's row.

    By the history: of that day, the class as known now. Empty before the
    first run that classified the customer. In the time zone of the company's policy.
    """

    _name = "customer.classes.then.mixin"
    _inherit = "customer.classes.mixin"
    _description = "Record With the Classes That Its Customer Had"

    # Field with the day, a date or a date with time.
    _customer_day_field = "date"

    customer_value_tier_then_id = fields.Many2one(
        "customer.value.tier",
        string="Value Tier Then",
        compute="_compute_customer_classes_then",
        search=lambda self, operator, value: searched_by_sql(
            self, "customer_value_tier_then_id", operator, value
        ),
        groups=USER_GROUP,
        help="The value tier of the customer on the day of the sale.",
    )
    customer_lifecycle_stage_then_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Lifecycle Stage Then",
        compute="_compute_customer_classes_then",
        search=lambda self, operator, value: searched_by_sql(
            self, "customer_lifecycle_stage_then_id", operator, value
        ),
        groups=USER_GROUP,
        help="The lifecycle stage of the customer on the day of the sale.",
    )

    @api.depends_context("uid", "su", "company", "allowed_company_ids")
    def _compute_customer_classes_then(self):
        """Read the history of the customers of these rows: two queries a field."""
        customers = self.sudo()[self._customer_field].commercial_partner_id
        model = self.with_context(history_customer_ids=CustomerIds(customers.ids))
        for name in AXES_THEN:
            groups = model._read_group([("id", "in", self.ids)], ["id", name])
            found = {row.id: then for row, then in groups}
            for row in self:
                row[name] = found.get(row.id)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of the class on that day.

        Through a join with the periods of the history.
        """
        axis = AXES_THEN.get(field_expr)
        if axis is None or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return SQL.identifier(self._then_join(axis, alias, query), "class_id")

    @api.model
    def _then_join(self, axis, alias, query):
        """Join the periods of an axis to a query on rows; return the alias."""
        joined = query.make_alias(alias, f"{axis}_then")
        day = self._customer_day_sql(alias, query)
        condition = SQL(
            "%s = %s AND %s = %s AND %s >= %s AND (%s < %s OR %s IS NULL)",
            SQL.identifier(joined, "partner_id"),
            self._classified_subject_sql(CUSTOMER, alias, query),
            SQL.identifier(joined, "company_id"),
            self._classified_company_sql(alias, query),
            *(day, SQL.identifier(joined, "since")),
            *(day, SQL.identifier(joined, "until"), SQL.identifier(joined, "until")),
        )
        periods = self.env["classification.history"]._periods_query(axis)
        query.add_join("LEFT JOIN", joined, SQL("(%s)", periods), condition)
        return joined

    @api.model
    def _customer_day_sql(self, alias, query):
        """Return the SQL of the day of a row, in the time zone of its company."""
        day = self._field_to_sql(alias, self._customer_day_field, query)
        if self._fields[self._customer_day_field].type == "date":
            return day
        zone = self._customer_zone_sql(self._classified_company_sql(alias, query))
        return SQL("((%s AT TIME ZONE 'UTC') AT TIME ZONE %s)::date", day, zone)

    @api.model
    def _customer_zone_sql(self, company):
        """Return the SQL of the time zone of a company; UTC without a policy."""
        zones = self.env["classification.history"]._zones()
        names = [zones.get(one, "UTC") for one in self.env.companies]
        if len({*names}) == 1:
            return SQL("%s", names[0])
        cases = SQL(" ").join(
            SQL("WHEN %s THEN %s", one.id, name)
            for one, name in zip(self.env.companies, names, strict=True)
        )
        return SQL("CASE %s %s ELSE 'UTC' END", company, cases)
