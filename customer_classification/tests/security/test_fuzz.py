import contextlib
import os
import traceback
from unittest import SkipTest

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import ClassificationCase

try:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    from .. import hostile
except ImportError:
    hostile = None
# Addons whose code makes a failure ours; answers of Odoo's own code alone to nonsense
# are not ours.
OURS = "customer_classification"


@tagged("post_install", "-at_install")
class TestFuzz(ClassificationCase):
    """Any call of a client is answered with a result or a sentence.

    ``FUZZ_CALLS`` is the number of calls, 300 by default, the same ones every time;
    10,000 are a matter of minutes.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not hostile:
            raise SkipTest("hypothesis is not installed")
        customer = cls._regular("Fuzzed", 100)
        purchase = cls.env["customer.purchase"].search(
            [("partner_id", "=", customer.id)], limit=1
        )
        campaign = cls.env["utm.campaign"].create(
            {"title": "Fuzzed", "company_id": cls.company.id}
        )
        scheme = cls.env["customer.code.scheme"].create(
            {
                "name": "Fuzzed",
                "company_id": cls.company.id,
                "segment_ids": [(0, 0, {"kind": "number"})],
            }
        )
        cls._recompute()
        cls.client = cls._user("fuzz", "sales_team.group_sale_manager")
        cls.known = {
            "partner": customer.id,
            "policy": cls.policy.id,
            "campaign": campaign.id,
            "tier": cls._tier("vip").id,
            "segment": cls.env["customer.segment"].search([], limit=1).id,
            "scheme": scheme.id,
            "profile": cls._profile(customer).id,
            "purchase": purchase.id,
            "tag": cls.env["res.partner.category"].create({"name": "Fuzzed"}).id,
            "file": cls.policy._to_file(),
        }
        cls.env.flush_all()

    def _call(self, call, context):
        """Make one call and take back its writes; fail without a sentence."""
        model, method, ids, arguments = call
        with self.env.cr.savepoint() as savepoint:
            try:
                # Of an IntegrityError, Odoo makes a sentence for the client.
                with contextlib.suppress(UserError, IntegrityError):
                    client = self.env[model].with_user(self.client)
                    records = client.with_context(**context).browse(ids)
                    result = getattr(records, method)(**arguments)
                    self.env.flush_all()
                    if model == "classification.policy.import":
                        result.action_import()
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                ours = [f for f in frames if f"/{OURS}" in f.filename]
                if [f for f in ours if "/tests/" not in f.filename]:
                    where = "\n".join(f"{f.filename}:{f.lineno} {f.line}" for f in ours)
                    self.found.setdefault(
                        (model, method, type(error).__name__, ours[-1].lineno),
                        f"{call} {context}\n{error!r}\n{where}",
                    )
            finally:
                savepoint.rollback()
        self.env.invalidate_all()

    def test_answers_are_results_or_sentences(self):
        self.found = {}
        number = int(os.environ.get("FUZZ_CALLS", "300"))

        @settings(
            max_examples=number,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(hostile.calls(self.known), st.one_of(st.just({}), hostile.CONTEXTS))
        def fuzz(call, context):
            self._call(call, context)

        with mute_logger("odoo.sql_db", "odoo.models", "odoo.domains"):
            fuzz()
        self.assertFalse(self.found, "\n\n".join(map(str, self.found.values())))
