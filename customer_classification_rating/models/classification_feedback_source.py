from odoo import api, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.zones import day_by_rules

_RATED = SQL("COALESCE(r.rated_on, r.write_date)")


class ClassificationFeedbackSource(models.AbstractModel):
    """Ratings from 1 to 5 as feedback, once they were given.

    A rating belongs to the company of what was rated, else to that of the contact, else
    to each company.
    """

    _inherit = "classification.feedback.source"

    @api.model
    def _queries(self, now, contact_ids=None):
        among = SQL("r.partner_id IS NOT NULL")
        if contact_ids is not None:
            among = SQL("r.partner_id = ANY(%s)", contact_ids)
        return [*super()._queries(now, contact_ids), self._rating_query(among)]

    @api.model
    def _rating_query(self, among):
        """Return the select of ratings; what is for our people alone is left out."""
        self.env["rating.rating"].flush_model()
        self.env["res.partner"].flush_model(["company_id"])
        models = self._rated_models()
        companies = [
            SQL.identifier(f"d{place}", "company_id") for place in range(len(models))
        ]
        company = SQL("COALESCE(%s)", SQL(", ").join([*companies, SQL("p.company_id")]))
        return SQL(
            """
            SELECT r.partner_id, %(company)s,
                   %(day)s, 'rating',
                   25.0 * (r.rating - 1)::float8, FALSE, FALSE, NULL::float8,
                   'rating.rating', r.id,
                   CASE WHEN r.res_model = 'product.template' THEN r.res_id END
              FROM rating_rating r
              JOIN res_partner p ON p.id = r.partner_id
              %(joins)s
             WHERE r.consumed AND r.rating BETWEEN 1 AND 5
               AND r.is_internal IS NOT TRUE AND %(among)s
            """,
            company=company,
            day=day_by_rules(_RATED, company),
            joins=SQL(" ").join(map(self._rated_join, range(len(models)), models)),
            among=among,
        )

    @api.model
    def _changed_queries(self, since):
        """Add contacts whose ratings were written since."""
        changed = SQL(
            "SELECT r.partner_id FROM rating_rating r"
            " WHERE r.partner_id IS NOT NULL AND r.write_date >= %s",
            since.written,
        )
        return [*super()._changed_queries(since), changed]

    @api.model
    def _late_queries(self, company_id, since):
        """Add ratings that were recorded since, of any company."""
        late = SQL(
            "SELECT r.partner_id, %s FROM rating_rating r"
            " WHERE r.partner_id IS NOT NULL AND r.consumed AND r.create_date >= %s",
            day_by_rules(_RATED, SQL("%s", company_id)),
            since.written,
        )
        return [*super()._late_queries(company_id, since), late]

    @api.model
    def _rated_models(self):
        """Return the models that can be rated and know their company."""
        names = self.env.registry.descendants(["rating.mixin"], "_inherit")
        known = (self.env[name] for name in sorted(names))
        return [model for model in known if _has_company(model)]

    @api.model
    def _rated_join(self, place, model):
        model.flush_model(["company_id"])
        return SQL(
            "LEFT JOIN %(table)s %(alias)s ON r.res_model = %(name)s"
            " AND %(alias)s.id = r.res_id",
            table=SQL.identifier(model._table),
            alias=SQL.identifier(f"d{place}"),
            name=model._name,
        )


def _has_company(model):
    """Return whether a model has a table with the company of its records."""
    field = model._fields.get("company_id")
    return model._auto and not model._abstract and field and field.store
