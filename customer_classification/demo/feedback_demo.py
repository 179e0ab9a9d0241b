from dataclasses import dataclass
from datetime import datetime, time, timedelta

from odoo import api, fields, models


@dataclass(frozen=True)
class Said:
    """A complaint of the demo.

    :ivar age: days ago
    :ivar category: end of the XML id of the category, as ``cause`` of the cause
    :ivar days: after how many days it was solved, None while it is not
    :ivar answer: how satisfied the customer is then, 1 to 5, or None
    """

    name: str
    age: int
    category: str
    severity: str = "normal"
    cause: str | None = None
    result: str | None = None
    days: int | None = None
    answer: int | None = None


# Of customers in their order, each of another one.
COMPLAINTS = (
    Said(
        "Beans arrived in torn bags", 320, "quality", "high", "defect", "replaced", 3, 4
    ),
    Said(
        "Pallet came two days late",
        290,
        "delivery",
        "normal",
        "late",
        "explained",
        1,
        3,
    ),
    Said(
        "Invoice names the old address",
        260,
        "invoice",
        "low",
        "mistake",
        "solved",
        1,
        5,
    ),
    Said(
        "Grinder stops after an hour",
        230,
        "support",
        "high",
        "technique",
        "replaced",
        6,
        2,
    ),
    Said("Tea tastes of coffee", 200, "quality", "normal", "promise", "refunded", 4, 4),
    Said(
        "Which roast for filter machines?",
        170,
        "enquiry",
        "low",
        None,
        "explained",
        1,
        5,
    ),
    Said(
        "Ten boxes are missing", 140, "delivery", "critical", "wrong", "replaced", 1, 5
    ),
    Said("Nobody called back", 110, "people", "high", "reply", "explained", 8, 1),
    Said("Cups came broken", 80, "quality", "normal", "defect", "replaced", 2, 4),
    Said(
        "Delivery without a date", 60, "delivery", "normal", "late", "explained", 9, 2
    ),
    Said("Machine shows error 5", 35, "support", "high", "use", "explained", 1, 5),
    Said("Wrong blend delivered", 20, "delivery", "normal", "wrong", "replaced", 2),
    Said("Order confirmation is missing", 9, "complaint", "low"),
    Said("Descaler does not fit", 4, "support", "normal"),
    Said("Boxes wet again", 2, "quality", "high"),
    Said("Can we have smaller bags?", 1, "enquiry", "low"),
    Said("Sugar sticks are damp", 0, "quality", "low"),
    Said("Nothing arrived", 1, "delivery", "critical"),
)
# A year of answers: who recommends us in which order, and in which rhythm.
_RECOMMEND = (9, 10, 7, 8, 9, 3, 10, 6, 9, 8, 10, 5)
_SATISFIED = (4, 5, 3, 4, 5, 2, 4, 5, 4, 1)
_EVERY = 4
_LATER = 30
_WORDS = {
    1: "I waited for days and had to explain it three times.",
    2: "It works now, but it took far too long.",
    3: "Acceptable.",
    4: "Solved quickly, thank you.",
    5: "Friendly and fast. Could not be better.",
}
_CHANNELS = ("phone", "mail", "meeting")


class ClassificationDemo(models.AbstractModel):
    """Complaints and feedback of a year."""

    _name = "classification.demo"
    _inherit = ["classification.demo"]

    @api.model
    def _create_complaints(self, world):
        """Create complaints, solved and open, and what customers answered."""
        buyers = [
            partner
            for customer, partner in world.of_personas("vip", "loyal", "wavering")
            if not customer.company and not customer.archived
        ]
        complaints = self.env["customer.complaint"].create(
            [
                self._complaint_values(world, said, partner)
                for said, partner in zip(COMPLAINTS, buyers, strict=False)
            ]
        )
        for said, complaint in zip(COMPLAINTS, complaints, strict=False):
            self._take_its_course(world, said, complaint)
        complaints[-1].write({"state": "waiting"})
        complaints[-3].write({"state": "in_progress"})
        self._create_answers(world, complaints)

    def _complaint_values(self, world, said, partner):
        opened = datetime.combine(world.today - timedelta(said.age), time(9, 30))
        hour_ago = fields.Datetime.now() - timedelta(hours=1)
        return {
            "name": said.name,
            "partner_id": partner.id,
            "company_id": world.companies[0].id,
            "category_id": self._complaint_ref("category", said.category),
            "cause_id": said.cause and self._complaint_ref("cause", said.cause),
            "severity": said.severity,
            "channel": _CHANNELS[said.age % len(_CHANNELS)],
            "product_tmpl_id": world.products[said.age % 7].product_tmpl_id.id,
            "open_date": min(opened, hour_ago),
            "description": f"{said.name}. What can you do about it?",
            "user_id": world.salespeople[said.age % 2].id,
        }

    def _complaint_ref(self, kind, name):
        return self.env.ref(
            f"customer_classification.customer_complaint_{kind}_{name}"
        ).id

    def _take_its_course(self, world, said, complaint):
        """Solve a complaint on its day; the clock is kept by the program alone."""
        if said.days is None:
            return
        answered = complaint.open_date + timedelta(hours=2 + said.age % 5)
        solved = complaint.open_date + timedelta(days=said.days)
        complaint.write(
            {
                "state": "solved",
                "result": said.result,
            }
        )
        complaint.write(
            {
                "answered_date": min(answered, solved),
                "solved_date": solved,
                "stopped_date": solved,
            }
        )

    def _create_answers(self, world, complaints):
        """Answers after complaints, and to whether one would recommend us."""
        company = {"company_id": world.companies[0].id}
        rows = [
            {
                **company,
                "partner_id": complaint.partner_id.id,
                "complaint_id": complaint.id,
                "date": complaint.solved_date.date() + timedelta(1),
                "original_score": said.answer,
                "channel": "mail",
                "text": _WORDS[said.answer],
            }
            for said, complaint in zip(COMPLAINTS, complaints, strict=False)
            if said.answer
        ]
        # Who was dissatisfied with the solution says so once more.
        rows += [
            {**row, "date": row["date"] + timedelta(_LATER), "channel": "phone"}
            for row in rows
            if row["original_score"] < 3
            and row["date"] + timedelta(_LATER) <= world.today
        ]
        asked = [
            partner
            for customer, partner in world.customers
            if not customer.company and not customer.archived
        ]
        for place, partner in enumerate(asked[::_EVERY]):
            day = world.today - timedelta(place * 11 % 365)
            rows.append(
                {**company, "partner_id": partner.id, "date": day, **_answer(place)}
            )
        self.env["customer.feedback"].create(rows)


def _answer(place):
    """Return the answer of the customer at a place to one of two questions."""
    if place % 2:
        score = _SATISFIED[place // 2 % len(_SATISFIED)]
        return {"original_score": score, "channel": _CHANNELS[place % 3]}
    return {
        "kind": "recommendation",
        "scale": "10",
        "original_score": _RECOMMEND[place // 2 % len(_RECOMMEND)],
        "channel": "mail",
    }
