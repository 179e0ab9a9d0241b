from odoo import api, models
from odoo.fields import Domain
from odoo.tools import escape_psql

from .classification_tag_mixin import PATH, UNKEPT


class ClassificationTagMixin(models.AbstractModel):
    """Tags found by the path that screens and exports show as their name.

    ``A / B`` is found by importing, typing and searching. A name without its path goes
    on finding all tags of that name, unless one at the top is shown just so.
    """

    # One file for each idea of a tag.
    _inherit = "classification.tag.mixin"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _search_display_name(self, operator, value):
        """What is found by a part of its name is found with what stands below it."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("=", "in"):
            return self._search_paths(operator, value)
        if isinstance(value, str) and UNKEPT.search(value):
            return Domain.FALSE
        domain = Domain(super()._search_display_name(operator, value))
        if operator in ("like", "ilike") and isinstance(value, str):
            domain |= self._part_of_path(operator, value)
        if operator.endswith("like") and not (domain.is_true() or domain.is_false()):
            return Domain("id", "child_of", tuple(self._search(domain)))
        return domain

    @api.model
    def _search_paths(self, operator, value):
        """Return the domain of what is shown as one of the values: two queries, and
        of what is named so where nothing is shown so."""
        values = [value] if operator == "=" else list(value)
        values = [v for v in values if not isinstance(v, str) or not UNKEPT.search(v)]
        found = self._of_paths([text for text in values if isinstance(text, str)])
        names = [text for text in values if text not in found]
        domain = Domain(
            "id", "in", [tag for tags in found.values() for tag in tags.ids]
        )
        if names:
            domain |= Domain(super()._search_display_name("in", names))
        return domain

    @api.model
    def _of_paths(self, paths):
        """``{path: tags}`` of what is shown so. A name may hold the sign between two
        names, so the end of a path is a name in several ways."""
        ends = {end for path in paths for end in _ends(path)}
        tags = self.with_context(active_test=False).search([("name", "in", list(ends))])
        shown = tags.sudo().grouped("display_name")
        return {path: shown[path] for path in paths if path in shown}

    @api.model
    def _part_of_path(self, operator, text):
        """Return the domain of tags whose path holds a text of several names: two
        queries."""
        text = f"{text} " if text.endswith(PATH.rstrip()) else text
        if PATH not in text:
            return Domain.FALSE
        starts = Domain.OR(
            Domain("name", f"={operator}", f"{escape_psql(end)}%")
            for end in _ends(text)[1:]
        )
        tags = self.with_context(active_test=False).search(starts)
        plain = str.casefold if operator == "ilike" else str
        return Domain(
            "id",
            "in",
            tags.sudo()
            .filtered(lambda tag: plain(text) in plain(tag.display_name))
            .ids,
        )

    @api.model
    def name_create(self, name):
        """Make a tag from its path, with those above it that are not there yet."""
        above, __, own = str(name or "").rpartition(PATH)
        if not above:
            return super().name_create(name)
        parent = self._of_paths([above]).get(above, self)[:1].id
        parent = parent or self.name_create(above)[0]
        tag = self.create({"name": own, "parent_id": parent})
        return tag.id, tag.display_name


def _ends(path):
    """Texts that the last name of a path may be, the whole path first."""
    parts = path.split(PATH)
    return [PATH.join(parts[place:]) for place in range(len(parts))]
