from odoo import api, fields, models
from odoo.tools import SQL


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """A merged customer has one past, not two that contradict each other."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        merged = src_partners | dst_partner
        self.env["customer.profile.total"].sudo()._doubt_customers(merged.ids)
        self._keep_one_history(src_partners, dst_partner)
        self._keep_one_current_code(src_partners, dst_partner)
        self._keep_one_participation(src_partners, dst_partner)
        self._keep_one_link(src_partners, dst_partner)
        for name, keys in self._kept_once().items():
            self._keep_one_row(self.env[name], keys, src_partners, dst_partner)
        merging = self.with_context(customer_merged_ids=tuple(src_partners.ids))
        result = super(BasePartnerMergeAutomaticWizard, merging)._update_foreign_keys(
            src_partners, dst_partner
        )
        withheld = self.env["classification.withheld.row"]
        withheld._withhold_objectors(dst_partner.ids)
        return result

    def _get_fk_on(self, table):
        """Leave out the columns without a row of the merged contacts.

        Odoo asks two questions for each of them. Our own tables are among them, so they
        are all asked in one query.
        """
        found = super()._get_fk_on(table)
        merged = self.env.context.get("customer_merged_ids")
        is_ours = isinstance(merged, tuple) and merged  # JSON has no tuples
        if table != "res_partner" or not is_ours or not found:
            return found
        self.env.flush_all()
        queries = [
            SQL(
                "SELECT %s AS number WHERE EXISTS (SELECT FROM %s WHERE %s = ANY(%s))",
                *(number, SQL.identifier(name), SQL.identifier(column), list(merged)),
            )
            for number, (name, column) in enumerate(found)
        ]
        rows = self.env.execute_query(SQL(" UNION ALL ").join(queries))
        return [found[number] for (number,) in sorted(rows)]

    @api.model
    def _keep_one_history(self, src_partners, dst_partner):
        """Keep one history of classes in each company.

        That of the remaining contact, or of the first one that is classified there; the
        others' go with them. One query.
        """
        self.env["classification.change"].flush_model()
        partners = [dst_partner.id, *sorted(src_partners.ids)]
        self.env.cr.execute(
            SQL(
                """
                WITH keeper AS (
                    SELECT DISTINCT ON (company_id) company_id, partner_id
                      FROM customer_profile
                     WHERE partner_id = ANY(%(partners)s)
                     ORDER BY company_id, array_position(%(partners)s, partner_id)),
                     firsts AS (
                    DELETE FROM classification_first_class c USING keeper
                     WHERE c.company_id = keeper.company_id
                       AND c.partner_id = ANY(%(partners)s)
                       AND c.partner_id <> keeper.partner_id)
                DELETE FROM classification_change c USING keeper
                 WHERE c.company_id = keeper.company_id
                   AND c.partner_id = ANY(%(partners)s)
                   AND c.partner_id <> keeper.partner_id
                """,
                partners=partners,
            )
        )

    @api.model
    def _keep_one_current_code(self, src_partners, dst_partner):
        """Keep one current code in each company.

        That of the remaining contact, or of the first one with a code; the others'
        become old codes and go on leading to the customer. One query.
        """
        self.env["customer.code"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_code c
                   SET is_current = FALSE, until = %(today)s
                  FROM (SELECT id, ROW_NUMBER() OVER (
                                   PARTITION BY company_id
                                   ORDER BY array_position(%(partners)s, partner_id)
                               ) AS place
                          FROM customer_code
                         WHERE partner_id = ANY(%(partners)s) AND is_current) own
                 WHERE c.id = own.id AND own.place > 1
                """,
                today=fields.Date.context_today(self),
                partners=[dst_partner.id, *sorted(src_partners.ids)],
            )
        )

    @api.model
    def _keep_one_participation(self, src_partners, dst_partner):
        """Keep one participation of the customer in each campaign.

        Odoo would delete all participations of the others where one is in the way. Two
        queries.
        """
        self.env["campaign.participant"]._fold(
            SQL(
                "SELECT unnest(%s), %s",
                [dst_partner.id, *src_partners.ids],
                dst_partner.id,
            )
        )

    @api.model
    def _kept_once(self):
        """Return ``{model: columns}`` of rows that a contact has once.

        Of those that several of the contacts have, the first one's stays. Odoo would
        delete all rows of the others where one is in the way. Override to add models.
        """
        return {
            "classification.prediction": ("company_id", "name", "horizon_days", "date")
        }

    @api.model
    def _keep_one_row(self, model, keys, src_partners, dst_partner):
        """Delete the rows that would be there twice: one query."""
        model.flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %(table)s t
                 USING (SELECT id, ROW_NUMBER() OVER (
                                   PARTITION BY %(keys)s
                                   ORDER BY array_position(%(partners)s, partner_id), id
                               ) AS place
                          FROM %(table)s
                         WHERE partner_id = ANY(%(partners)s)) own
                 WHERE t.id = own.id AND own.place > 1
                """,
                table=SQL.identifier(model._table),
                keys=SQL(", ").join(map(SQL.identifier, keys)),
                partners=[dst_partner.id, *sorted(src_partners.ids)],
            )
        )
        model.invalidate_model()

    @api.model
    def _keep_one_link(self, src_partners, dst_partner):
        """Keep one origin of each tag.

        Odoo moves them all, and two of one tag would stop the merge. First of a contact
        that has the tag, then of the remaining one. One query.
        """
        links = self.env["classification.tag.link"]
        links.flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM classification_tag_link l
                 USING (SELECT id, ROW_NUMBER() OVER (
                                   PARTITION BY partner_tag_id
                                   ORDER BY state <> 'present',
                                            array_position(%(partners)s, partner_id)
                               ) AS place
                          FROM classification_tag_link
                         WHERE partner_id = ANY(%(partners)s)) own
                 WHERE l.id = own.id AND own.place > 1
                """,
                partners=[dst_partner.id, *sorted(src_partners.ids)],
            )
        )
        links.invalidate_model()
