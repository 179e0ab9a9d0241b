"""Filters of a search view: alternatives, and those that narrow."""

import re

from lxml import etree

from odoo.tests import TransactionCase, tagged

ADDON = "customer_classification"
ASKED = re.compile(r"\(\s*['\"](\w+)[\w.]*['\"]\s*,")
# Filters of different fields that are alternatives all the same, and why.
ALTERNATIVES = {
    ("both", "come", "gone"): "a customer stayed, came or went between two days",
    ("running", "planned", "over"): "a campaign is before, in or after its days",
    ("days_30", "days_180"): "days before and after a move, by the context alone",
}


@tagged("post_install", "-at_install")
class TestFilters(TransactionCase):
    """Filters that share a group are alternatives of one field.

    The web client joins filters of one group by *or*, groups by *and*: filters of
    different fields that share a group find more the more of them are chosen.
    """

    def test_filters_of_different_fields_stand_apart(self):
        mixed, used, seen = [], set(), 0
        for view in self._search_views():
            ours = self._own_names(view)
            for group in self._groups(view):
                names = tuple(name for name, __ in group)
                seen += len(names)
                if not ours.intersection(names):
                    continue
                if names in ALTERNATIVES:
                    used.add(names)
                elif not set.intersection(*(asked for __, asked in group)):
                    mixed.append((view.xml_id, names))
        self.assertGreater(seen, 100)
        self.assertFalse(mixed)
        self.assertEqual(used, set(ALTERNATIVES))

    def test_mixed_filters_are_found(self):
        view = etree.fromstring(
            """<search><filter name="a" domain="[('x.y', '=', 1)]"/>
                <filter name="b" domain="[('x', '=', 2)]"/><separator/>
                <filter name="c" date="day"/><field name="z"/>
                <filter name="d" domain="[('x', '=', 1), ('z', '=', 1)]"/>
                <filter name="e" context="{'group_by': 'x'}"/>
                <group><filter name="f" domain="[]"/></group></search>"""
        )
        groups = list(self._groups_of(view))
        self.assertEqual(
            groups,
            [
                [("a", {"x"}), ("b", {"x"})],
                [("c", {"day"})],
                [("d", {"x", "z"})],
                [("f", set())],
            ],
        )

    def _search_views(self):
        """Search views that these addons make or extend, each by its root."""
        views = self._own_views()
        while extending := views.filtered(lambda view: view.mode == "extension"):
            views = (views - extending) | extending.inherit_id
        return views

    def _own_views(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", f"{ADDON}%")]
        )
        views = self.env["ir.ui.view"].browse(data.mapped("res_id")).exists()
        return views.filtered(lambda view: view.type == "search")

    def _own_names(self, root):
        """Names of the filters that these addons put into a view."""
        own = self._own_views().filtered(
            lambda view: root in (view, view.inherit_id, view.inherit_id.inherit_id)
        )
        return {
            node.get("name")
            for view in own
            for node in etree.fromstring(view.arch).iter("filter")
            if not node.get("position")  # a place beside it
        }

    def _groups(self, view):
        arch = self.env[view.model].get_view(view.id, "search")["arch"]
        return self._groups_of(etree.fromstring(arch))

    def _groups_of(self, arch):
        """Return the groups of filters, as the client makes them.

        Lists of name and fields that the filter asks for.
        """
        group = []
        for node in arch:
            is_filter = node.tag == "filter" and "group_by" not in node.get(
                "context", ""
            )
            if is_filter:
                asked = {node.get("date")} if node.get("date") else None
                asked = asked or set(ASKED.findall(node.get("domain", "")))
                group.append((node.get("name"), asked))
                continue
            if group:
                yield group
            group = []
            yield from self._groups_of(node)
        if group:
            yield group
