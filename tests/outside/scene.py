"""A company of its own for a test, with customers and an employee."""

import datetime

# Odoo's commands for x2many fields.
SET = 6
GROUPS = {
    "officer": [
        "customer_classification.group_officer",
        "sales_team.group_sale_salesman_all_leads",
    ],
    "manager": [
        "customer_classification.group_manager",
        "sales_team.group_sale_salesman_all_leads",
    ],
}
CRONS = {"nightly": "ir_cron_recompute", "hourly": "ir_cron_refresh"}


class Scene:
    """State before a person sits down, made through JSON-2.

    :ivar login: of the person, as `Desk` takes it
    :ivar company: id of the company
    :ivar policy: id of its policy
    :ivar customers: `{name: id}`
    """

    def __init__(self, admin, name, group, lang="en_US"):
        self._admin = admin
        self._lang = lang
        self.login = f"walk_{name}"
        # Its rules count days as `day` does, at any hour: in UTC, not as admin does.
        partner = {"name": f"Walk {name}", "is_company": True, "tz": "UTC"}
        [partner_id] = self._create("res.partner", partner)
        [self.company] = self._create(
            "res.company", {"name": f"Walk {name}", "partner_id": partner_id}
        )
        [policy] = admin.search_read(
            "classification.policy", [("company_id", "=", self.company)], "currency_id"
        )
        self.policy, self._currency = policy["id"], policy["currency_id"][0]
        self.customers = {}
        self._create_user(group)

    def _create_user(self, group):
        groups = [self._xmlid(*full.split(".")) for full in GROUPS[group]]
        self._create(
            "res.users",
            {
                "name": f"Person of {self.login}",
                "login": f"outside_{self.login}",
                "password": f"outside_{self.login}",
                "lang": self._lang,
                "tz": "UTC",
                "company_id": self.company,
                "company_ids": [[SET, 0, [self.company]]],
                "group_ids": [[SET, 0, groups]],
            },
        )

    def _xmlid(self, module, name):
        domain = [("module", "=", module), ("name", "=", name)]
        [found] = self._admin.search_read("ir.model.data", domain, "res_id")
        return found["res_id"]

    def _create(self, model, *values):
        return self._admin.call(model, "create", vals_list=list(values))

    def create(self, model, *values):
        """Make records; return their ids."""
        return self._create(model, *values)

    def read(self, model, ids, *names):
        """Fields of records, in the order of the ids."""
        return self._admin.read(model, ids, *names)

    def find(self, model, domain, *names):
        """Fields of the records that a domain finds."""
        return self._admin.search_read(model, domain, *names)

    def write(self, model, ids, values):
        """Change records."""
        self._admin.call(model, "write", ids=ids, vals=values)

    def tags(self, *names, parent_id=False):
        """Make contact tags below a tag; return their ids."""
        values = ({"name": name, "parent_id": parent_id} for name in names)
        return self._create("res.partner.category", *values)

    def partners(self, *names, **values):
        """Make contacts of the company; return their ids."""
        values = {"company_id": self.company, **values}
        return self._create("res.partner", *({"name": n, **values} for n in names))

    def add(self, purchases):
        """Create the new ones of the customers, and their purchases.

        :param purchases: `{name: [(days ago, amount)]}`
        """
        new = [name for name in purchases if name not in self.customers]
        values = [{"name": name, "company_id": self.company} for name in new]
        if new:
            ids = self._create("res.partner", *values)
            self.customers.update(zip(new, ids, strict=True))
        self._create(
            "customer.purchase",
            *(
                {
                    "partner_id": self.customers[name],
                    "company_id": self.company,
                    "currency_id": self._currency,
                    "date": day(days_ago),
                    "amount": amount,
                    "channel": "shop",
                }
                for name, bought in purchases.items()
                for days_ago, amount in bought
            ),
        )

    def classify(self, days_ago=0):
        """Classify everybody as of a day."""
        [run] = self._admin.call(
            "classification.policy",
            "recompute",
            ids=[self.policy],
            as_of_date=day(days_ago),
        )
        [found] = self._admin.read("classification.run", [run], "state", "error")
        assert found["state"] == "done", found

    def call(self, model, method, ids):
        """Call a method of records."""
        return self._admin.call(model, method, ids=ids)

    def run_scheduled(self, which):
        """Run a scheduled action as Odoo does after a while.

        The nightly or the hourly action.
        """
        job = self._xmlid("customer_classification", CRONS[which])
        self._admin.call("ir.cron", "method_direct_trigger", ids=[job], timeout=600)


def day(days_ago):
    """Return that day (UTC) as JSON takes it."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return str(today - datetime.timedelta(days=days_ago))


def regulars(count, days_ago=(10, 40, 70)):
    """Purchases of customers who buy the same each time, the first one most."""
    return {
        f"Customer {number:02}": [
            (days, 100.0 * (count + 1 - number)) for days in days_ago
        ]
        for number in range(1, count + 1)
    }
