from datetime import timedelta

from werkzeug.exceptions import NotFound

from odoo import fields, http
from odoo.http import request
from odoo.tools import consteq
from odoo.tools.mimetypes import guess_mimetype

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.common.arguments import BIGGEST_ID

# As many complaints as the page shows, the newest first.
_SHOWN = 200
# As many as one customer opens here in a day.
_MOST_A_DAY = 10
_LONGEST_NAME, _LONGEST_TEXT = 256, 10_000
_MOST_FILES, _LARGEST_FILE = 5, 10 * 2**20
# What may be attached: pictures, texts, and documents of offices, which are archives.
_FILES = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"},
    **{"gif": "image/gif", "webp": "image/webp", "pdf": "application/pdf"},
}
_ZIPPED = ("docx", "xlsx", "odt", "ods")


class ComplaintPortal(CustomerPortal):
    """Shows customers their own complaints.

    Portal users have no right on the model, because it has causes, owners and deadlines
    that are not for them: the pages look with superuser rights, for the complaints of
    the user's own customer alone, and show the fields that are meant for the customer.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "complaint_count" in counters:
            model = request.env["customer.complaint"].sudo()
            values["complaint_count"] = model.search_count(self._own_complaints())
        return values

    def _own_complaints(self):
        """Return the domain of the complaints of the user's customer."""
        if request.env.user._is_public():
            return [("id", "=", False)]
        customer = request.env.user.partner_id.commercial_partner_id
        return [("partner_id", "child_of", customer.id)]

    @http.route("/my/complaints", type="http", auth="user", website=True)
    def my_complaints(self, **kwargs):
        """The list."""
        complaints = request.env["customer.complaint"].sudo()
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "complaint",
            "complaints": complaints.search(
                self._own_complaints(), order="open_date desc, id desc", limit=_SHOWN
            ),
        }
        return request.render("customer_classification.portal_my_complaints", values)

    @http.route(
        "/my/complaints/new",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def new_complaint(self, **kwargs):
        """The form of a new complaint."""
        self._check_portal_user()
        return self._form({})

    @http.route(
        "/my/complaints/new",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def open_complaint(self, name="", description="", category_id="", **kwargs):
        """Open a complaint of the user's own customer, with a session token."""
        self._check_portal_user()
        values = {
            "name": _plain(name, _LONGEST_NAME),
            "description": _plain(description, _LONGEST_TEXT),
            "category_id": self._category(category_id).id,
        }
        given = request.httprequest.files.getlist("attachments")
        files, problem = self._files([one for one in given if one.filename])
        problem = problem or self._complaint_problem(values)
        if problem:
            return self._form(values, problem)
        complaint = self._open(values, files)
        return request.redirect(f"/my/complaints/{complaint.id}")

    def _check_portal_user(self):
        """Refuse our own people, who open complaints in the app."""
        if not request.env.user._is_portal():
            raise NotFound

    def _form(self, values, problem=False):
        categories = request.env["customer.complaint.category"].sudo().search([])
        page = {
            **self._prepare_portal_layout_values(),
            "page_name": "complaint",
            "categories": categories,
            "values": values,
            "problem": problem,
        }
        return request.render("customer_classification.portal_new_complaint", page)

    def _category(self, text):
        """Return the category of a number, or none."""
        categories = request.env["customer.complaint.category"].sudo()
        if not text.isascii() or not text.isdigit():
            return categories
        return categories.search([("id", "=", min(int(text[:12]), BIGGEST_ID))])

    def _complaint_problem(self, values):
        """Return why a complaint is not opened, or False."""
        if not values["name"]:
            return request.env._("Please write what it is about.")
        if self._opened_today() >= _MOST_A_DAY:
            return request.env._(
                "You have opened many complaints today. Please write the rest into one "
                "of them, or call us."
            )
        return False

    def _opened_today(self):
        """Count the complaints of a day, one request after another."""
        customer = request.env.user.partner_id.commercial_partner_id.sudo()
        customer.lock_for_update()
        domain = [
            ("partner_id", "=", customer.id),
            ("channel", "=", "portal"),
            ("create_date", ">", fields.Datetime.now() - timedelta(days=1)),
        ]
        return request.env["customer.complaint"].sudo().search_count(domain)

    def _files(self, given):
        """Return ``([(name, content)], why they are refused or False)``."""
        if len(given) > _MOST_FILES:
            return [], request.env._("Please attach %s files at most.", _MOST_FILES)
        files = [
            (_plain(one.filename, 200), one.read(_LARGEST_FILE + 1)) for one in given
        ]
        for name, content in files:
            if len(content) > _LARGEST_FILE:
                return [], request.env._("%s is larger than 10 MB.", name)
            if not _is_allowed(name, content):
                return [], request.env._(
                    "%s: only pictures, PDF, texts and office documents can be "
                    "attached.",
                    name,
                )
        return files, False

    def _open(self, values, files):
        """Open the complaint, in the company of the customer."""
        partner = request.env.user.partner_id
        customer = partner.commercial_partner_id.sudo()
        company = customer.company_id or request.env.user.company_id
        complaints = request.env["customer.complaint"].sudo().with_company(company)
        complaint = complaints.create(
            {
                **values,
                "partner_id": partner.id,
                "company_id": company.id,
                "channel": "portal",
            }
        )
        if files:
            complaint.message_post(
                author_id=partner.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                attachments=files,
            )
        return complaint

    @http.route(
        "/my/complaints/<int:complaint_id>", type="http", auth="public", website=True
    )
    def my_complaint(self, complaint_id, access_token=None, **kwargs):
        """One complaint, for its customer or by the link of a message."""
        complaint = self._complaint(complaint_id, access_token)
        values = self._get_page_view_values(
            complaint,
            complaint._portal_ensure_token(),
            {
                **self._prepare_portal_layout_values(),
                "page_name": "complaint",
                "complaint": complaint,
            },
            "my_complaints_history",
            False,
            pid=kwargs.get("pid"),
            hash=kwargs.get("hash"),
        )
        return request.render("customer_classification.portal_my_complaint", values)

    def _complaint(self, complaint_id, token):
        """Return the complaint, where the user may see it.

        That there is one that the user may not see is not told.
        """
        model = request.env["customer.complaint"].sudo()
        complaint = model.search(
            [("id", "=", min(complaint_id, BIGGEST_ID)), *self._own_complaints()]
        )
        if complaint:
            return complaint
        complaint = model.browse(min(complaint_id, BIGGEST_ID)).exists()
        secret = complaint.access_token
        given = token if token and token.isascii() else ""
        if not secret or not consteq(secret, given):
            raise NotFound
        return complaint


def _plain(text, length):
    """Return a text without what a database cannot keep, and not longer."""
    return text.replace("\0", "").strip()[:length]


def _is_allowed(name, content):
    """Return whether a file is of a kind that may be attached.

    By its name and by its content, which must agree.
    """
    ending = name.rpartition(".")[2].lower()
    kind = guess_mimetype(content, default="")
    if ending in ("txt", "csv"):
        return b"\0" not in content and kind in ("text/plain", "")
    if ending in _ZIPPED:
        return content.startswith(b"PK\x03\x04")
    return ending in _FILES and kind == _FILES[ending]
