from psycopg2 import IntegrityError

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..models.common.language import known_language

# {why a request cannot be answered: status of the page}
_STATUS = {"wrong": 404, "expired": 410, "answered": 200, "refused": 200}


class FeedbackController(http.Controller):
    """The page on which customers answer a request for feedback.

    Open to everybody who has the signed link, so it shows nothing about the customer.
    Looking changes nothing: programs that check mails follow each link of a mail, and
    may choose an answer in this way, but do not press the button.
    """

    @http.route(
        "/feedback/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def feedback(self, token, score=None, **kwargs):
        """The scale, with the answer of the link chosen."""
        asked = self._request(token)
        word = asked._closed_word()
        if word:
            return self._closed(word)
        return self._page(asked, token, chosen=asked._chosen(score))

    @http.route(
        "/feedback/<string:token>/answer",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def answer(self, token, score=None, text="", **kwargs):
        """Keep the answer, and thank for it."""
        asked = self._request(token)
        word = asked._closed_word()
        if word:
            return self._closed(word)
        chosen = asked._chosen(score)
        if chosen is None:
            return self._page(asked, token, text=text, is_missing=True)
        word = self._keep(asked, chosen, text)
        return self._closed(word) if word else self._thanks()

    def _request(self, token):
        """Return the request of a link, in the language of who is asked."""
        asked = request.env["customer.feedback.request"]._of_token(token)
        who = asked.contact_id or asked.partner_id
        lang = known_language(request.env, who.lang)
        if lang:
            request.update_context(lang=lang)
            asked = asked.with_context(lang=lang)
        return asked

    def _keep(self, asked, score, text):
        """Keep an answer; return why it cannot be kept: a word, or None."""
        try:
            with request.env.cr.savepoint():
                asked._answer(score, text)
        except IntegrityError:
            return "answered"
        except UserError:
            return "refused"
        return None

    def _page(self, asked, token, chosen=None, text="", is_missing=False):
        return self._render(
            "customer_classification.feedback_page",
            {
                "question": asked._question(),
                "is_recommendation": asked.kind == "recommendation",
                "scores": asked._scores(),
                "action": f"/feedback/{token}/answer",
                "chosen": chosen,
                "text": text,
                "is_missing": is_missing,
            },
        )

    def _thanks(self):
        return self._render("customer_classification.feedback_thanks", {})

    def _closed(self, word):
        return self._render(
            "customer_classification.feedback_closed",
            {"word": word},
            status=_STATUS[word],
        )

    def _render(self, template, values, status=200):
        response = request.render(template, values, status=status)
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response
