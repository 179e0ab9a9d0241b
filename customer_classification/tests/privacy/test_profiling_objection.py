from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.common.keyless_many2one import KeylessMany2one
from ...models.privacy.classification_withheld_row import ADDON, CLASSIFYING, STAYING
from ..common import AS_OF, ClassificationCase

# Models with rows of a person who objects, {model: reason}. Not taken from the code: a
# row that is kept has to be justified here as well.
JUSTIFIED = {
    "customer.purchase": "the sale itself, which law obliges to keep; never counted",
    "customer.complaint": "what the person asks us to do, and a promise to keep",
    "classification.dirty": "a mark without content, gone with the next run",
    "classification.withheld.row": "where the rows are kept, shown to nobody",
}


@tagged("post_install", "-at_install")
class TestProfilingObjection(ClassificationCase):
    """A person who objects to profiling is left out of everything.

    Nothing classifies, tags, lists or counts the person, who has all of it again when
    the objection is taken back.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._regular("Ada Person", 1_500)
        cls.other = cls._regular("Ben Person", 1_500)
        cls.firm = cls._regular("Firm Ltd", 400, is_company=True)
        cls.employee = cls._customer("Eve Employee", parent_id=cls.firm.id)
        cls.campaign = cls.env["utm.campaign"].create(
            {
                "title": "Autumn",
                "company_id": cls.company.id,
                "campaign_start_date": AS_OF,
                "campaign_target_tier_ids": [(6, 0, cls._tier("vip").ids)],
            }
        )
        cls.tag = cls.env["res.partner.category"].create({"name": "Buyers"})
        cls.rule = cls.env["classification.tag.rule"].create(
            {
                "kind": "partner",
                "partner_tag_id": cls.tag.id,
                "company_id": cls.company.id,
                "domain": "[('name', 'ilike', 'person')]",
            }
        )
        cls.env["customer.code.scheme"].create(
            {
                "name": "By tier",
                "company_id": cls.company.id,
                "segment_ids": [
                    (0, 0, {"kind": "tier", "sequence": 1}),
                    (0, 0, {"kind": "number", "sequence": 2}),
                ],
            }
        )
        cls._recompute()
        cls._everything()

    @classmethod
    def _everything(cls):
        """Create all data about a person.

        Decision, rule, code, campaign, rehearsal.
        """
        cls.company.customer_notes_moves = True
        cls.env["classification.override"].create(
            {
                "partner_id": cls.person.id,
                "company_id": cls.company.id,
                "axis": "churn_risk",
                "risk": "high",
                "reason": "Ada said so",
                "start_date": AS_OF,
                "end_date": "2099-12-31",
            }
        )
        cls.rule.action_start()
        cls.env["customer.code.assignment"]._assign(cls.company)
        cls.campaign.action_choose_audience()
        cls.env["campaign.participant"].create(
            {"campaign_id": cls.campaign.id, "partner_id": cls.employee.id}
        )
        cls._opportunity(cls.person, created=AS_OF, campaign_id=cls.campaign.id)
        cls._sell_together()
        cls._foresee()
        cls._act()
        # A tag given by a person is kept, and counted for nobody who objects.
        (cls.person | cls.other).category_id |= cls.env["res.partner.category"].create(
            {"name": "Friends"}
        )
        cls.env.flush_all()

    @classmethod
    def _sell_together(cls):
        """An order, within the window of today, of a product that needs another."""
        other = cls.env["product.template"].create({"name": "Service"})
        cls.env["product.association"].create(
            {
                "product_tmpl_id": cls.product.product_tmpl_id.id,
                "other_tmpl_id": other.id,
                "kind": "requires",
            }
        )
        for partner in (cls.person, cls.other):
            cls._order(partner, fields.Date.today(), 10)

    @classmethod
    def _foresee(cls):
        """Create next products and probabilities of an own model."""
        for partner in (cls.person, cls.other):
            own = {"partner_id": partner.id, "company_id": cls.company.id}
            cls.env["customer.next.product"].create(
                {
                    **own,
                    "product_tmpl_id": cls.product.product_tmpl_id.id,
                    "kind": "due",
                }
            )
            cls.env["classification.prediction"].create(
                {
                    **own,
                    "name": "Own model",
                    "date": fields.Date.today(),
                    "horizon_days": 90,
                    "score": 0.5,
                }
            )

    @classmethod
    def _act(cls):
        """Create a case with a step, a reason for a loss, and an answer."""
        playbook = cls.env["customer.playbook"].create(
            {
                "name": "Care",
                "company_id": cls.company.id,
                "tier_ids": cls._tier("vip").ids,
                "step_ids": [(0, 0, {"name": "Call"})],
            }
        )
        occasion = cls.env["customer.care.occasion"].create(
            {"name": "Birthday", "kind": "birthday", "company_id": cls.company.id}
        )
        for partner in (cls.person, cls.other):
            own = {"partner_id": partner.id, "company_id": cls.company.id}
            cls.env["customer.care"].create(
                {**own, "occasion_id": occasion.id, "date": AS_OF, "state": "done"}
            )
            case = cls.env["customer.playbook.case"].create(
                {
                    **own,
                    "playbook_id": playbook.id,
                    "episode": 1,  # ended: an objection ends open ones
                    "status": "reached",
                    "open_date": AS_OF,
                    "window_end": AS_OF,
                    "close_date": AS_OF,
                }
            )
            cls.env["customer.playbook.task"].create(
                {
                    **own,
                    "case_id": case.id,
                    "playbook_id": playbook.id,
                    "step_id": playbook.step_ids.id,
                    "state": "done",
                }
            )
            cls.env["customer.loss"].create(
                {
                    **own,
                    "lost_date": AS_OF,
                    "reason_id": cls.env.ref(
                        "customer_classification.customer_lost_reason_price"
                    ).id,
                }
            )
            cls.env["customer.complaint"].create({**own, "name": "Broken"})
            cls.env["customer.feedback"].create({**own, "original_score": 2})
            cls.env["customer.feedback.request"].create(own)
            cls.env["customer.today.answer"].create(
                {**own, "kind": "overdue", "answer": "done", "hidden_until": AS_OF}
            )

    def _object(self, partner=None):
        (partner or self.person).customer_objects_profiling = True

    def _rows(self, partner, but=()):
        """``{(model, field): rows}`` of ours that name a contact."""
        self.env.flush_all()
        found = {}
        for model, name, __ in self.env["classification.withheld.row"]._person_fields():
            condition = CLASSIFYING.get(model, SQL("TRUE"))
            table = SQL.identifier(self.env[model]._table)
            rows = self.env.execute_query_dict(
                SQL(
                    "SELECT * FROM %s t WHERE t.%s = %s AND %s ORDER BY id",
                    table,
                    SQL.identifier(name),
                    partner.id,
                    condition,
                )
            )
            if rows and model not in but:
                found[model, name] = rows
        return found

    def _views(self, partner):
        """``{(model, field): ids}`` of the views that name a contact."""
        found = {}
        for model_name, model in self.env.items():
            if not model._original_module.startswith(ADDON):
                continue
            if model._auto or model._abstract or model._transient:
                continue
            model = model.with_context(
                customer_product_partner_id=partner.id, timeline_customer_id=partner.id
            )
            for field in model._fields.values():
                if field.comodel_name == "res.partner" and field.store:
                    ids = model.search([(field.name, "=", partner.id)]).ids
                    if ids:
                        found[model_name, field.name] = ids
        return found

    def test_no_hidden_person_is_named_as_objecting(self):
        self.person.customer_objects_profiling = True
        officer = self._user("objecting", "customer_classification.group_officer")
        self.env["ir.rule"].create(
            {
                "name": "Not Ada",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.person.id})]",
            }
        )
        values = {
            "campaign_id": self.campaign.id,
            "partner_id": self._customer("Somebody else").id,
            "contact_id": self.person.id,
        }
        participants = self.env["campaign.participant"].with_user(officer)
        with self.assertRaisesRegex(ValidationError, "^A contact objects"):
            participants.create(values)

    def test_every_model_is_filled(self):
        """Every model has a row, so that the tests below cover it."""
        filled = {model for model, __ in self._rows(self.person)}
        withheld = {
            model
            for model, __, is_own in self.env[
                "classification.withheld.row"
            ]._person_fields()
            if is_own and model not in STAYING
        }
        # Moves are made by previews, problems by documents that cannot be counted.
        unseen = {"classification.move", "classification.problem"}
        self.assertLessEqual(withheld - unseen, filled)

    def test_exceptions_are_justified(self):
        self.assertEqual(set(STAYING), set(JUSTIFIED))

    def test_nothing_classifies_lists_or_counts(self):
        self._object()
        self.assertFalse(self._rows(self.person, but=JUSTIFIED), "at once")
        self._recompute()
        self._recompute(kind="preview")
        self.env["classification.tag.rule"]._run()
        self.env["customer.code.assignment"]._assign(self.company)
        self.env["utm.campaign"]._refresh_live_audiences(self.company, AS_OF)
        self.campaign.action_choose_audience()
        self.campaign._add_campaign_audience(self.person)
        self.policy.recompute_campaigns(as_of_date=AS_OF)
        self.assertFalse(self._rows(self.person, but=JUSTIFIED), "after runs")
        self.assertFalse(self._views(self.person))
        self.assertTrue(self._views(self.other))
        self.assertFalse(self.person.customer_value_tier_id)
        self.assertFalse(self.person.customer_lifecycle_stage_id)
        self.assertFalse(self.person.customer_churn_risk)
        self.assertNotIn(self.tag, self.person.category_id)

    def test_nobody_is_set_aside(self):
        """An uncountable document of an objector excludes nobody."""
        currency = self.env["res.currency"].create(
            {"name": "XNR", "symbol": "X", "rounding": 0.01}
        )
        self._purchase(self.person, AS_OF, 50, currency_id=currency.id)
        self._recompute()
        problems = self.env["classification.problem"]
        domain = [("partner_id", "=", self.person.id)]
        self.assertTrue(problems.search(domain))
        self._object()
        self.assertFalse(problems.search(domain))
        self._recompute()
        self.assertFalse(problems.search(domain))

    def test_taken_back(self):
        before = self._rows(self.person)
        self._object()
        self.person.customer_objects_profiling = False
        after = self._rows(self.person)
        self.assertEqual(before, after)
        self.assertIn(self.tag, self.person.category_id)
        self.assertFalse(self.person.customer_objection_date)

    def test_run_after_taking_back(self):
        """A run after a withdrawn objection writes as if there had been none."""
        self._object()
        self._recompute()
        self._object(self.person)
        self.person.customer_objects_profiling = False
        self._recompute()
        mine, others = self._profile(self.person), self._profile(self.other)
        for name in ("value_tier_id", "lifecycle_stage_id", "value_score", "rfm_code"):
            self.assertEqual(mine[name], others[name], name)
        self.assertEqual(mine.churn_risk, "high", "the decision holds again")

    def test_taken_back_after_deletions(self):
        """Rows that name a deleted record do not come back, or come without it."""
        self._object()
        self.rule.unlink()
        self.campaign.unlink()
        self.tag.unlink()
        self.person.customer_objects_profiling = False
        names = {model for model, __ in self._rows(self.person)}
        self.assertNotIn("campaign.participant", names)
        self.assertNotIn("classification.tag.link", names)
        self.assertIn("customer.profile", names)

    def test_code_that_came_meanwhile(self):
        self._object()
        code = self.env["customer.code"].create(
            {"partner_id": self.person.id, "company_id": self.company.id, "code": "A9"}
        )
        self.person.customer_objects_profiling = False
        self.assertFalse(code.is_current)
        self.assertEqual(len(self.person.customer_code_ids.filtered("is_current")), 1)

    def test_limits_leave_the_person_out(self):
        """The population of a full run is everybody else."""
        before = self._recompute().looked_at_count
        self._object()
        self.assertEqual(self._recompute().looked_at_count, before - 1)

    def test_incremental_run_notices(self):
        """A run over changes notices objections set by SQL."""
        self._object()
        self.person.customer_objects_profiling = False
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET customer_objects_profiling = TRUE,"
            " write_date = now() AT TIME ZONE 'UTC' WHERE id = %s",
            [self.person.id],
        )
        self.env.invalidate_all()
        execution = self.env["classification.run"]._prepare(
            self.policy, as_of_date=AS_OF, scope="changed"
        )
        run = execution.execute()
        self.assertEqual((run.scope, run.state), ("changed", "done"), run.error)
        self.assertFalse(self._rows(self.person, but=JUSTIFIED))

    def test_employee_of_a_company(self):
        """An objection of a company's contact leaves the company classified.

        The contact is not a customer itself: the company keeps its classes and its
        participation, which no longer names the contact.
        """
        self._object(self.employee)
        self.assertFalse(self._rows(self.employee, but=JUSTIFIED))
        self.assertTrue(self._profile(self.firm))
        participant = self.campaign.campaign_participant_ids.filtered(
            lambda one: one.partner_id == self.firm
        )
        self.assertTrue(participant)
        self.assertFalse(participant.contact_id)
        self.employee.customer_objects_profiling = False
        self.assertEqual(participant.contact_id, self.employee)

    def test_contacts_of_a_person(self):
        """The addresses of a person are the person's."""
        address = self._customer("Ada Person at home", parent_id=self.person.id)
        self.rule.action_run()
        self.assertIn(self.tag, address.category_id)
        self._object()
        self.assertNotIn(self.tag, address.category_id)
        self.rule.action_run()
        self.assertNotIn(self.tag, address.category_id)
        address.customer_objects_profiling = True
        address.customer_objects_profiling = False
        self.assertFalse(address.category_id, "the person still objects")
        self.person.customer_objects_profiling = False
        self.assertIn(self.tag, address.category_id)

    def test_nothing_goes_with_what_is_withheld(self):
        """No row depends on a withheld one.

        A row that goes with a withheld one, as a line with its order, would be lost.
        """
        persons = {
            of for of, *__ in self.env["classification.withheld.row"]._person_fields()
        } - set(STAYING)
        for name, model in self.env.items():
            if not model._auto or model._transient or model._abstract:
                continue
            for field in model._fields.values():
                self.assertFalse(
                    field.type == "many2one"
                    and field.store
                    and field.comodel_name in persons
                    # Without a key, nothing goes with it.
                    and not isinstance(field, KeylessMany2one),
                    (name, field.name),
                )

    def test_nobody_decides_or_enters(self):
        self._object()
        with self.assertRaisesRegex(ValidationError, "Ada Person objects"):
            self.env["classification.override"].create(
                {
                    "partner_id": self.person.id,
                    "company_id": self.company.id,
                    "axis": "churn_risk",
                    "risk": "low",
                    "reason": "Against the objection",
                }
            )
        with self.assertRaisesRegex(ValidationError, "Ada Person objects"):
            self.env["campaign.participant"].create(
                {"campaign_id": self.campaign.id, "partner_id": self.person.id}
            )

    def test_company_cannot_object(self):
        with self.assertRaisesRegex(ValidationError, "only a natural person"):
            self._object(self.firm)
        self._object()
        with self.assertRaisesRegex(ValidationError, "only a natural person"):
            self.person.is_company = True

    def test_day_and_note(self):
        self.person.write(
            {
                "customer_objects_profiling": True,
                "customer_objection_note": "By letter",
            }
        )
        self.assertTrue(self.person.customer_objection_date)
        self.person.customer_objects_profiling = False
        self.assertFalse(self.person.customer_objection_note)

    def test_merge_keeps_the_objection(self):
        other = self._regular("Cleo Customer", 1_500)
        self._recompute()
        self.assertTrue(self._rows(other, but=JUSTIFIED))
        self._object()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.person | other).ids, other)
        self.assertTrue(other.customer_objects_profiling)
        self.assertFalse(self._rows(other, but=JUSTIFIED))

    def test_deletion_takes_what_is_withheld(self):
        person = self._customer("Cleo Person")
        self.rule.action_run()
        self._object(person)
        withheld = self.env["classification.withheld.row"]
        own = withheld.search([("partner_id", "=", person.id)])
        self.assertTrue(own)
        person.unlink()
        self.assertFalse(own.exists())

    def test_queries_do_not_grow(self):
        """Two persons take as many queries as one."""
        people = self.env["res.partner"]
        for number in range(6):
            people |= self._regular(f"Person {number}", 100, times=2)
        self._recompute()
        self._count(people[:1])  # Odoo's caches are filled from now on
        number = self._count(people[1:2])
        self.assertEqual(self._count(people[2:]), number)

    def _count(self, people):
        self.env.flush_all()
        self.env.invalidate_all()
        people.mapped("is_company")
        before = self.env.cr.sql_log_count
        people.write({"customer_objects_profiling": True})
        self.env.flush_all()
        return self.env.cr.sql_log_count - before
