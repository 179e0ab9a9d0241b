import logging
from contextlib import contextmanager

from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js

# hoot's name of our tests: the module's name, as in `import`.
SUITE = "@customer_classification"
MINUTE = 60


@tagged("post_install", "-at_install")
class TestJavaScript(HttpCase):
    """Unit tests of the JavaScript (`static/tests/unit`), run by Odoo's hoot.

    While you work on them, open `/web/tests?debug=assets` in a browser.
    """

    @no_retry
    def test_unit(self):
        suite = test_js.HOOTCommon._generate_hash(self, SUITE)
        with self._console() as lines:
            self.browser_js(
                f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
                "",
                login="admin",
                timeout=5 * MINUTE,
                success_signal="[HOOT] Test suite succeeded",
                error_checker=test_js.unit_test_error_checker,
            )
        # Hoot takes an unknown suite, or one without tests, for a success.
        self.assertRegex("\n".join(lines), r"\[HOOT\] Passed \d\d+ tests")

    @contextmanager
    def _console(self):
        """Yield the lines that the browser logs inside of the block."""
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())
        self._logger.addHandler(handler)
        try:
            yield lines
        finally:
            self._logger.removeHandler(handler)
