from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import BIGGEST_ID
from ..common.called_records import check_one
from ..common.zones import day_in

# The customer whose lines are asked for, in the context. Ids name the document alone,
# because clients keep no more than 53 bits of a number.
_KEYS = ("timeline_customer_id",)
_DOCUMENT_BITS = 31
_WHAT = [
    ("purchase", "Purchase"),
    ("interaction", "Interaction"),
    ("feedback", "Feedback"),
    ("complaint", "Complaint"),
    ("change", "Class Change"),
]
_DETAILS = [
    ("order", "Purchase"),
    ("mail", "E-Mail or Message"),
    ("call", "Call"),
    ("visit", "Visit"),
    ("meeting", "Meeting"),
    ("enquiry", "Enquiry"),
    ("quotation", "Quotation"),
    ("satisfaction", "Satisfaction"),
    ("recommendation", "Recommendation (NPS)"),
    ("rating", "Rating"),
    ("complaint", "Complaint"),
    ("value_tier", "Value Tier"),
    ("lifecycle_stage", "Lifecycle Stage"),
    ("churn_risk", "Churn Risk"),
]
_INTERACTIONS = """
    SELECT v.partner_id, v.company_id, v.day, 'interaction'::varchar AS what,
           v.kind::varchar AS detail, v.direction::varchar AS direction,
           NULL::float8 AS score, v.res_model::varchar AS res_model, v.res_id
      FROM (%(rows)s) v (partner_id, company_id, day, kind, direction, user_id,
                         res_model, res_id)
     WHERE (v.kind <> 'quotation' OR v.res_id NOT IN (%(orders)s)) AND %(of_zone)s
"""
_FEEDBACK = """
    SELECT v.partner_id, v.company_id, v.day,
           CASE v.kind WHEN 'complaint' THEN 'complaint' ELSE 'feedback' END AS what,
           v.kind::varchar AS detail, 'in' AS direction, v.score,
           v.res_model::varchar AS res_model, v.res_id
      FROM (%s) v (partner_id, company_id, day, kind, score, is_open, is_overdue,
                   hours, res_model, res_id, product_tmpl_id)
     WHERE %s
"""
# One line a document and kind, also where several contacts took part.
_LINES = """
    SELECT (%(place)s::bigint << %(bits)s) + v.res_id AS id,
           %(customer)s AS partner_id, v.company_id, min(v.day) AS date,
           v.what, v.detail, min(v.direction) AS direction, min(v.score) AS score,
           v.res_model, v.res_id
      FROM (%(rows)s) v
     WHERE v.day <= %(today)s AND v.partner_id NOT IN (
           SELECT id FROM res_partner WHERE customer_objects_profiling IS TRUE)
     GROUP BY v.company_id, v.what, v.detail, v.res_model, v.res_id
"""


class CustomerTimeline(models.Model):
    """Lines of what happened with one customer, one a document.

    Purchases, interactions, feedback, complaints and changes of class, of the customer
    in the context. Nothing is stored. Texts are read with the rights of the reader: a
    line whose document the reader may not read has its kind and day, and no text.

    *Query budget*: two for the customer and the contacts, one for the lines, one for
    the rules of each company, one for their zones, and for the texts of a page a few
    for each kind of document on it.
    """

    _name = "customer.timeline"
    _description = "Line of a Customer's Timeline"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "detail"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, depends_context=_KEYS
    )
    company_id = fields.Many2one("res.company", readonly=True, depends_context=_KEYS)
    date = fields.Date(string="Day", readonly=True, depends_context=_KEYS)
    what = fields.Selection(_WHAT, readonly=True, depends_context=_KEYS)
    detail = fields.Selection(
        _DETAILS, string="Kind", readonly=True, depends_context=_KEYS
    )
    direction = fields.Selection(
        [("in", "From the Customer"), ("out", "From Us")],
        string="Begun By",
        readonly=True,
        depends_context=_KEYS,
    )
    score = fields.Float(
        string="Score (0 to 100)",
        readonly=True,
        depends_context=_KEYS,
        digits=(16, 1),
        aggregator="avg",
        help="The answer as 0 (worst) to 100 (best), where the line is one.",
    )
    has_score = fields.Boolean(compute="_compute_has_score")
    text = fields.Char(string="About", compute="_compute_text")
    currency_id = fields.Many2one("res.currency", compute="_compute_amount")
    amount = fields.Monetary(
        compute="_compute_amount",
        groups=MONEY_GROUP,
        aggregator=None,
        help="Of a purchase: untaxed, in the currency of the document.",
    )
    res_model = fields.Char(
        string="Kind of Document", readonly=True, depends_context=_KEYS
    )
    res_id = fields.Many2oneReference(
        string="Document",
        model_field="res_model",
        readonly=True,
        depends_context=_KEYS,
        aggregator=None,
    )

    # Lines

    @property
    def _table_query(self):
        """Return the SQL of the lines, in the order of their kinds of document."""
        customer = self._customer()
        contacts = customer.search([("commercial_partner_id", "=", customer.id)])
        zones = self._zones()
        today = max(
            fields.Date.context_today(self.with_context(tz=zone)) for zone in zones
        )
        return SQL(" UNION ALL ").join(
            SQL(
                _LINES,
                rows=rows,
                place=place,
                bits=_DOCUMENT_BITS,
                customer=customer.id or 0,
                today=today,
            )
            for place, rows in enumerate(self._line_queries(contacts.ids, zones))
        )

    @api.model
    def _customer(self):
        """Return the customer of the context whom the reader may read, or nobody.

        Record rules on lines do not name who may read whom: a client names a customer.
        """
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        number = self.env.context.get(*_KEYS)
        if type(number) is not int or not 0 < number <= BIGGEST_ID:
            return partners
        customer = partners.browse(number).exists().commercial_partner_id
        readable = customer.with_env(self.env)._filtered_access("read")
        return customer.filtered(
            lambda one: one in readable and not one.customer_objects_profiling
        )

    @api.model
    def _zones(self):
        """Return ``{zone: its companies}``, that of the current company first."""
        companies = self.env.company | self.env.companies
        zones = self.env["classification.history"]._zones()
        return companies.grouped(lambda one: zones.get(one, "UTC"))

    @api.model
    def _interaction_queries(self, contact_ids, zones, orders):
        """Yield the selects of interactions, each by the zone of its company.

        What is of no company has the day of the current one.
        """
        source = self.env["classification.interaction.source"].sudo()
        first, *others = zones
        elsewhere = [one for zone in others for one in zones[zone].ids]
        for zone, companies in zones.items():
            of_zone = SQL("v.company_id = ANY(%s)", companies.ids)
            if zone == first:
                of_zone = SQL("(v.company_id = ANY(%s)) IS NOT TRUE", elsewhere)
            for rows in source._queries(zone, contact_ids):
                yield SQL(_INTERACTIONS, rows=rows, orders=orders, of_zone=of_zone)

    @api.model
    def _line_queries(self, contact_ids, zones):
        """Return the selects of lines, by kind of document."""
        feedback = self.env["classification.feedback.source"].sudo()
        counts = feedback._counts(SQL("v.partner_id"))
        said = feedback._queries(fields.Datetime.now(), contact_ids)
        kinds = self._counted_kinds()
        orders = self._order_query(kinds, contact_ids)
        return [
            self._change_query(contact_ids),
            *(self._document_query(*kind, contact_ids) for kind in kinds),
            *(SQL(_FEEDBACK, rows, counts) for rows in said),
            *self._interaction_queries(contact_ids, zones, orders),
        ]

    @api.model
    def _change_query(self, contact_ids):
        changes = self.env["classification.change"].sudo()
        query = changes._search([("partner_id", "in", contact_ids)])
        return query.select(
            *_columns(query, "partner_id", "company_id"),
            SQL("%s AS day", SQL.identifier(query.table, "valid_date")),
            SQL("'change'::varchar AS what"),
            SQL("%s AS detail", SQL.identifier(query.table, "axis")),
            *_document(changes, query),
        )

    @api.model
    def _order_query(self, kinds, contact_ids):
        """Return the select of orders that have a line as purchases.

        Such an order has no second line as the quotation that it was.
        """
        queries = [
            self._documents_of(kind, contact_ids).select()
            for kind, __ in kinds
            if kind.model == "sale.order"
        ]
        return SQL(" UNION ALL ").join(queries) if queries else SQL("SELECT 0")

    @api.model
    def _counted_kinds(self):
        """Return ``[(kind of documents that a policy counts, its zone)]``."""
        return [
            (kind, policy.tz)
            for company in self.env.companies
            for policy in company.sudo()._get_customer_policy()
            for kind in self._document_kinds(policy)
        ]

    @api.model
    def _document_kinds(self, policy):
        """Return the kinds of documents; none where a filter cannot be read."""
        try:
            return self.env["classification.facts"]._document_kinds(policy)
        except UserError:
            return []

    @api.model
    def _document_query(self, kind, zone, contact_ids):
        query = self._documents_of(kind, contact_ids)
        day = SQL.identifier(query.table, kind.day)
        if self.env[kind.model]._fields[kind.day].type == "datetime":
            day = day_in(zone, day)
        return query.select(
            *_columns(query, "partner_id", "company_id"),
            SQL("%s AS day", day),
            SQL("'purchase'::varchar AS what, 'order'::varchar AS detail"),
            *_document(self.env[kind.model], query),
        )

    @api.model
    def _documents_of(self, kind, contact_ids):
        """Return the query of documents of a kind of these contacts."""
        documents = self.env[kind.model].sudo().with_context(active_test=False)
        return documents._search(kind.domain & Domain("partner_id", "in", contact_ids))

    # What is shown of a line

    @api.depends("score", "what")
    def _compute_has_score(self):
        for line in self:
            line.has_score = line.what == "feedback"

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "lang", *_KEYS)
    def _compute_text(self):
        """Compute the texts with the rights of the reader, by kind of document."""
        self.text = False
        for lines in self.filtered("res_model").grouped("res_model").values():
            readable = lines._documents()._filtered_access("read")
            texts = {one.id: self._document_text(one) for one in readable}
            for line in lines:
                line.text = texts.get(line.res_id)

    @api.model
    def _document_text(self, document):
        """Return what a line says of a document that the reader may read."""
        paths = self._text_paths().get(document._name, ("display_name",))
        values = (value for path in paths for value in document.mapped(path))
        return next(filter(None, values), False)

    @api.model
    def _text_paths(self):
        """Return the fields with a text of each model, of which the first counts."""
        return {
            "mail.message": ("subject", "preview"),
            "mail.activity": ("summary", "res_name"),
            "calendar.event": ("name",),
            "crm.lead": ("name",),
            "customer.complaint": ("name",),
            "customer.feedback": ("text",),
            "classification.change": ("to_label",),
        }

    def _documents(self):
        """Return the documents of lines of one model."""
        [name] = set(self.mapped("res_model"))
        documents = self.env[name].with_context(active_test=False)
        return documents.browse(self.mapped("res_id"))

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", *_KEYS)
    def _compute_amount(self):
        """Compute the amounts of purchases, by kind of document."""
        self.amount, self.currency_id = 0, False
        fields_of = self._amount_fields()
        purchases = self.filtered(lambda one: one.what == "purchase")
        for name, lines in purchases.grouped("res_model").items():
            if name not in fields_of:
                continue
            amount, currency = fields_of[name]
            for line, document in zip(lines, lines._documents().sudo(), strict=True):
                line.currency_id = document[currency]
                line.amount = document[amount]

    @api.model
    def _amount_fields(self):
        """Return the fields with amount and currency of the models of purchases."""
        return {
            "sale.order": ("amount_untaxed", "currency_id"),
            "account.move": ("amount_untaxed_signed", "company_currency_id"),
            "customer.purchase": ("amount", "currency_id"),
        }

    def action_open(self):
        """Open the document of a line, which the reader must be able to read."""
        check_one(self)
        self.check_access("read")
        document = self._documents()
        document.check_access("read")
        if self.res_model in ("mail.message", "mail.activity"):
            document = self._holder(document)
        return document.get_formview_action()

    def _holder(self, document):
        """Return the record that a message or activity is on."""
        name = (
            document.model if self.res_model == "mail.message" else document.res_model
        )
        if not name or name not in self.env or not document.res_id:
            return self.partner_id
        holder = self.env[name].browse(document.res_id)
        holder.check_access("read")
        return holder


def _columns(query, *names):
    return [SQL.identifier(query.table, name) for name in names]


def _document(model, query):
    """Return the SQL of the columns that name a document."""
    return (
        SQL("NULL::varchar AS direction, NULL::float8 AS score"),
        SQL("%s::varchar AS res_model", model._name),
        SQL("%s AS res_id", SQL.identifier(query.table, "id")),
    )
