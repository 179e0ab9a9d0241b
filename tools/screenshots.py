"""`./dev screenshots`: the pictures of README and guide, or any screen.

    ./dev screenshots                                    retakes docs/screenshots
    ./dev screenshots FOLDER --all --login demo --width 400
    ./dev screenshots FOLDER --page NAME=/odoo/customer-profiles?view_type=graph
    ./dev screenshots FOLDER --all --lang zh_CN

The database is that of `./dev demo`, made or upgraded before. Taken by the Python of
`.venv`, which has the browser's driver; the rest of the file needs Python alone.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import browser, demo, environment, ports, processes
from .console import DevError, say
from .odoo import session
from .paths import PYTHON, ROOT

FOLDER = ROOT / "docs" / "screenshots"
_LARGEST = 200_000  # bytes of a picture in the repository
# Milliseconds: for the first page, Odoo may have to build style sheets and scripts.
_WAIT, _PATIENCE = 180_000, 20_000
_LOADING = ".o_loading_indicator, .o_blockUI, .o_view_sample_data .fa-spin"
_STILL = "*, *::before, *::after { animation: none !important; }"
# The main company, unless the page has another one.
_MAIN = ("company_id", "=", 1)


@dataclass(frozen=True)
class Page:
    """An address of a page.

    `{id}` in it becomes the first record of `model` in `domain`.
    """

    path: str
    model: str = ""
    domain: tuple = ()
    order: str = "id"
    click: str = ""  # clicked before the picture is taken


def _record(model: str, *domain: tuple, **options: str) -> Page:
    return Page(f"/odoo/{model}/{{id}}", model, domain, **options)


_VIP = ("value_tier_id.code", "=", "vip")
_CUSTOMERS = "/odoo/customer-profiles"
_CHANGES = "/odoo/classification-changes"
_PARTNERS = "/odoo/action-base.action_partner_form"
_CAMPAIGNS = "/odoo/classified-campaigns"
_JUDGED = (_MAIN, ("campaign_performance", "=", "strong"))
DOCS = {
    "first-steps": Page("/odoo/first-steps"),
    "overview": Page("/odoo/customer-overview"),
    "customers": Page(_CUSTOMERS),
    "customer": _record("customer.profile", _MAIN, _VIP, ("churn_risk", "=", "medium")),
    "partner-form": _record(
        "res.partner",
        ("customer_value_tier_id.code", "=", "vip"),
        ("customer_churn_risk", "=", "medium"),
        ("parent_id", "=", False),
    ),
    "policy": _record(
        "classification.policy",
        _MAIN,
        ("state", "=", "published"),
        click="a.nav-link[name=value]",
    ),
    "pivot": Page(f"{_CUSTOMERS}?view_type=pivot"),
    "changes": Page(_CHANGES),
    "products": Page("/odoo/product-grid"),
    "campaign-result": _record(
        "utm.campaign", *_JUDGED, click="a.nav-link[name=campaign_result]"
    ),
}
ALL = DOCS | {
    "customers-kanban": Page(f"{_CUSTOMERS}?view_type=kanban"),
    "customers-graph": Page(f"{_CUSTOMERS}?view_type=graph"),
    "changes-pivot": Page(f"{_CHANGES}?view_type=pivot"),
    "changes-graph": Page(f"{_CHANGES}?view_type=graph"),
    "change": _record("classification.change", _MAIN, order="id desc"),
    "products-pivot": Page("/odoo/product-matrix"),
    "products-list": Page("/odoo/product-profiles"),
    "audience": Page("/odoo/product-audience"),
    "purchases": Page("/odoo/customer-purchases"),
    "purchase-new": Page("/odoo/customer-purchases/new"),
    "purchases-import": Page("/odoo/customer-purchases/import"),
    "runs": Page("/odoo/classification-runs"),
    "run": _record("classification.run", _MAIN, order="id desc"),
    "policies": Page("/odoo/classification-policies"),
    "tiers": Page("/odoo/value-tiers"),
    "tier": _record("customer.value.tier"),
    "stages": Page("/odoo/lifecycle-stages"),
    "stage": _record("customer.lifecycle.stage"),
    "partners": Page(f"{_PARTNERS}?view_type=list"),
    "partners-kanban": Page(f"{_PARTNERS}?view_type=kanban"),
    "partner-search": Page(
        f"{_PARTNERS}?view_type=list", click=".o_searchview_dropdown_toggler"
    ),
    "partner-new": Page("/odoo/res.partner/new"),
    "campaigns": Page(_CAMPAIGNS),
    "campaigns-list": Page(f"{_CAMPAIGNS}?view_type=list"),
    "campaigns-calendar": Page(f"{_CAMPAIGNS}?view_type=calendar"),
    "campaign": _record("utm.campaign", *_JUDGED),
    "campaign-audience": _record(
        "utm.campaign", *_JUDGED, click="a.nav-link[name=campaign_audience]"
    ),
    "campaign-results": Page("/odoo/campaign-results"),
    "campaign-participants": Page("/odoo/campaign-participants"),
    "campaign-participants-pivot": Page("/odoo/campaign-participants?view_type=pivot"),
    "campaign-tags": Page("/odoo/campaign-tags"),
    "campaign-types": Page("/odoo/campaign-types"),
}


# In `./dev`


def screenshots(argv: Sequence[str]) -> int:
    """Serve the demo database and have the pictures taken."""
    args = _parser().parse_args(argv)
    browser.need()
    environment.need("test")
    demo.demo(serve=False)
    with (
        session() as odoo,
        odoo.serve(
            demo.DATABASE, "--max-cron-threads=0", port=ports.free_port(8569)
        ) as server,
    ):
        say(f"\nScreenshots into {args.folder}")
        command = [PYTHON, "-m", "tools.screenshots", server.url, *argv]
        return processes.run(command, cwd=ROOT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev screenshots")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--all", action="store_true", help="every screen of the addon")
    parser.add_argument("--page", action="append", metavar="NAME=/PATH", default=[])
    parser.add_argument("--login", default="admin", help="its password is the same")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--lang", help="a language that the database has, like zh_CN")
    return parser


def chosen_pages(args: argparse.Namespace) -> dict[str, Page]:
    """Return `{name of the picture: page}` that the command line asks for."""
    pages = {}
    for text in args.page:
        name, separator, path = text.partition("=")
        if (
            not separator
            or not path.startswith("/")
            or not re.fullmatch(r"[\w-]+", name)
        ):
            raise DevError(f"--page {text}: write it like customers=/odoo/customers")
        pages[name] = Page(path)
    return pages or (ALL if args.all else DOCS)


# In `.venv`


class Camera:
    """A user's browser window on the demo database."""

    def __init__(self, page: object, url: str, folder: Path) -> None:
        self.page = page
        self.url = url
        self.folder = folder
        page.set_default_timeout(_WAIT)
        page.on("pageerror", lambda error: say(f"    error: {error}"))

    def log_in(self, login: str) -> None:
        """Log in by the form, as people do."""
        self.page.goto(f"{self.url}/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", login)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")
        self.page.set_default_timeout(_PATIENCE)

    def call(self, model: str, method: str, *args: object, **kwargs: object) -> object:
        """Call a method as the user who is logged in."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        answer = self.page.request.post(
            f"{self.url}/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        if "error" in answer:
            raise DevError(answer["error"]["data"]["message"])
        return answer["result"]

    @contextmanager
    def language(self, code: str | None) -> Iterator[None]:
        """Let the user read in another language inside of the block."""
        if not code:
            yield
            return
        context = self.call("res.users", "context_get")
        user = [context["uid"]] if "uid" in context else self._user_ids()
        self.call("res.users", "write", user, {"lang": code})
        try:
            yield
        finally:
            self.call("res.users", "write", user, {"lang": context["lang"]})

    def _user_ids(self) -> list[int]:
        answer = self.page.request.post(
            f"{self.url}/web/session/get_session_info",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}}),
            headers={"Content-Type": "application/json"},
        )
        return [answer.json()["result"]["uid"]]

    def take(self, name: str, page: Page) -> None:
        """Open a page, wait until nothing moves, keep its picture."""
        path = self._path(page)
        if not path:
            say(f"  {name}: nothing to show")
            return
        self.page.goto(self.url + path)
        self.page.wait_for_selector(".o_action_manager > *")
        self._rest()
        if page.click and self.page.locator(page.click).count():
            self.page.click(page.click)
            self._rest()
        picture = self.folder / f"{name}.png"
        self.page.screenshot(path=picture)
        say(f"  {name}: {_optimise(picture) >> 10} kB")

    def _path(self, page: Page) -> str:
        if not page.model:
            return page.path
        domain = [list(condition) for condition in page.domain]
        options = {"limit": 1, "order": page.order}
        found = self.call(page.model, "search", domain, **options)
        return page.path.format(id=found[0]) if found else ""

    def _rest(self) -> None:
        """Wait for loading and for the frames that draw the page."""
        self.page.add_style_tag(content=_STILL)
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(1_000)
        self.page.wait_for_function(f"!document.querySelector('{_LOADING}')")


def _optimise(picture: Path) -> int:
    """Reduce the colours until the file is small enough; return its size."""
    from PIL import Image

    image = Image.open(picture).convert("RGB")
    for colors in (256, 128, 64, 32):
        small = image.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=0)
        small.save(picture, optimize=True)
        if picture.stat().st_size < _LARGEST:
            break
    return picture.stat().st_size


def main(argv: Sequence[str]) -> int:
    """Take the pictures from the server whose address comes first."""
    url, *rest = argv
    args = _parser().parse_args(rest)
    pages = chosen_pages(args)
    args.folder.mkdir(parents=True, exist_ok=True)
    size = {"width": args.width, "height": args.height}
    with _window(size) as page:
        camera = Camera(page, url, args.folder)
        camera.log_in(args.login)
        with camera.language(args.lang):
            _take_all(camera, pages)
    return 0


def _take_all(camera: Camera, pages: Mapping[str, Page]) -> None:
    """Take all pages that the user may see.

    A page that never shows is reported and skipped.
    """
    from playwright.sync_api import TimeoutError as NothingCame

    for name, page in pages.items():
        try:
            camera.take(name, page)
        except (DevError, NothingCame) as error:
            say(f"  {name}: {str(error).splitlines()[0]}")


@contextmanager
def _window(size: dict[str, int]) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = {"executable_path": browser.find(), "args": ["--no-sandbox"]}
        window = playwright.chromium.launch(**options)
        yield window.new_context(viewport=size).new_page()
        window.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
