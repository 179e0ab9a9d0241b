"""A client of Odoo's JSON-2 interface, as an outside program has it."""

import requests


class Refused(Exception):
    """Odoo's refusal instead of a result: HTTP status and its sentence."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Client:
    """One user of one database, known by an API key."""

    def __init__(self, url, database, key):
        self.url = url
        self.headers = {
            "Authorization": f"bearer {key}",
            "X-Odoo-Database": database,
        }

    def call(self, model, method, timeout=600, **arguments):
        """Call a method by named arguments.

        :raises Refused: with the sentence that a user would read
        """
        url = f"{self.url}/json/2/{model}/{method}"
        answer = requests.post(
            url, json=arguments, headers=self.headers, timeout=timeout
        )
        if answer.ok:
            return answer.json()
        try:
            message = answer.json()["message"]
        except (ValueError, KeyError):
            message = answer.text
        raise Refused(answer.status_code, message)

    def read(self, model, ids, *fields):
        """Return one dict for each record."""
        return self.call(model, "read", ids=ids, fields=list(fields))

    def search_read(self, model, domain, *fields, **options):
        """Return one dict for each record found."""
        return self.call(
            model, "search_read", domain=domain, fields=list(fields), **options
        )
