import itertools
import json
import random
import shutil
import subprocess
import unittest
from pathlib import Path

from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools.misc import file_path

from ...engine.customers.segment_maps import write_cells
from ...engine.customers.segments import CELLS
from ..common import PATIENCE
from .test_segments import CrowdCase

MODULE = "customer_classification/static/src/segment_map/segment_cells.esm.js"
# After the module itself.
_SCRIPT = """
const texts = JSON.parse(process.argv[1]);
console.log(JSON.stringify(texts.map((text) => writeCells(readCells(text)))));
"""


@tagged("post_install", "-at_install")
class TestSegmentTour(CrowdCase, HttpCase):
    """A manager paints segments on the map of a draft in a browser."""

    def test_paint(self):
        self._user(
            "painter",
            "sales_team.group_sale_salesman_all_leads,"
            "customer_classification.group_manager",
        )
        url = f"/odoo/customer-rules/{self.draft.customer_rules_id.id}"
        self.start_tour(
            url, "classification_segments", login="painter", timeout=PATIENCE
        )
        self.assertEqual(self._line_of("champion").cells, "5 4-5 2-5; 4 5 2-5")
        self.assertEqual(self._line_of("small_spender").cells, "3-5 4-5 1")
        self.assertEqual(self._line_of("frequent").cells, "3-4 4 2-5; 3 5 2-5")


@tagged("post_install", "-at_install")
class TestSegmentCells(BaseCase):
    """The browser writes boxes as the server does."""

    def test_same_text(self):
        node = shutil.which("node")
        if not node:
            raise unittest.SkipTest("node is not installed")
        dice = random.Random(8)
        sets = [set(dice.sample(CELLS, dice.randrange(126))) for __ in range(200)]
        sets += [set(itertools.product(range(2, 5), (1, 5), range(1, 4)))]
        texts = ["; ".join(" ".join(map(str, one)) for one in cells) for cells in sets]
        script = Path(file_path(MODULE)).read_text() + _SCRIPT
        done = subprocess.run(
            [node, "--input-type=module", "-e", script, json.dumps(texts)],
            capture_output=True,
            check=True,
            text=True,
        )
        self.assertEqual(json.loads(done.stdout), list(map(write_cells, sets)))
