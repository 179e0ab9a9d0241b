"""Every screen in Chinese: no English is left on it."""

import re

from lxml import etree

from odoo.models import MAGIC_COLUMNS
from odoo.tests import TransactionCase, tagged

MODULE = "customer_classification"
MAGIC = (*MAGIC_COLUMNS, "display_name")
LANGUAGE = "zh_CN"
# What is the same in Chinese: names of classes, methods, formats, products.
NAMES = frozenset(
    "ABC AUC AX Awesome Brier CRM CZ Classification DeLong Font HTML ID ISO JSON MB "
    "MOD NPS Odoo PDF POS Python RFM SQL UTC UTM VIP XLSX XYZ champion fa-tasks "
    "lunardate rfm run today vip W-".split()
)
CODE = re.compile(
    r"%\(\w+\)[sdf]|%[sd]|\{\{.*?\}\}|\$\{.*?\}|\{\w*\}|<[^>]+>|&\w+;|https?://\S+"
    r"|`[^`]*`|[\w.]*object\.[\w.]+|\bor ''",
    re.DOTALL,
)
WORD = re.compile(r"[A-Za-z][A-Za-z_'-]+")
# Attributes of views that people read.
READ = frozenset(
    "string placeholder help title aria-label confirm sum avg label alt "
    "add-label data-tooltip confirm-title confirm-label cancel-label".split()
)
# Elements of views whose text is no text for people.
NOT_READ = frozenset("script style t-set attribute".split())


def english(text):
    """Return the words of a text that are not the same in Chinese."""
    return [word for word in WORD.findall(CODE.sub(" ", text)) if word not in NAMES]


@tagged("post_install", "-at_install")
class TestChinese(TransactionCase):
    """The registry has no English for readers of Chinese."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(LANGUAGE)
        cls.ours = cls.env["ir.module.module"].search(
            [("name", "=like", f"{MODULE}%"), ("state", "=", "installed")]
        )
        cls.ours._update_translations([LANGUAGE])
        cls.env = cls.env(context={**cls.env.context, "lang": LANGUAGE})
        cls.names = set(cls.ours.mapped("name"))
        cls.env.invalidate_all()

    def _check(self, found):
        """Fail where texts have English words.

        :param found: pairs of a place and its text
        """
        wrong = [
            f"{place}: {text.strip()!r}"
            for place, text in found
            if text and english(text)
        ]
        self.assertFalse(wrong, "\n".join(wrong))

    def _owned(self, model):
        """Records that our addons made, with those archived or hidden."""
        data = self.env["ir.model.data"].search(
            [("module", "in", list(self.names)), ("model", "=", model)]
        )
        records = self.env[model].with_context(active_test=False)
        return records.browse(data.mapped("res_id")).exists()

    def _own_fields(self):
        """Yield models and fields that our addons declare."""
        for name, model in self.env.items():
            for field in model._fields.values():
                if field._module in self.names and field.name not in MAGIC:
                    yield name, field

    def test_labels_helps_and_choices(self):
        found = []
        for name, field in self._own_fields():
            place = f"{name}.{field.name}"
            description = field.get_description(
                self.env, ["string", "help", "selection"]
            )
            found.append((f"{place} label", description["string"]))
            found.append((f"{place} help", description.get("help")))
            # Choices that other addons name are translated by them.
            if field.related or field.name == "tz":
                continue
            for code, label in description.get("selection") or ():
                if label != code and code not in self.env:
                    found.append((f"{place} choice {code}", label))
        self.assertGreater(len(found), 1000)
        self._check(found)

    def test_views(self):
        """Texts of our own views; those of Odoo that they extend are Odoo's."""
        found = []
        views = self._owned("ir.ui.view")
        self.assertGreater(len(views), 100)
        for view in views:
            for element in etree.fromstring(view.arch_db.encode()).iter(etree.Element):
                found += self._read(view.xml_id or view.name, element)
        self._check(found)

    def _read(self, place, element):
        """Yield what people read of an element of a view."""
        for name, value in element.attrib.items():
            if name in READ:
                yield f"{place} {element.tag}[{name}]", value
        if element.tag not in NOT_READ and not element.get("t-translation"):
            yield f"{place} {element.tag}", element.text
        yield f"{place} after {element.tag}", element.tail

    def test_menus_actions_and_reports(self):
        found = []
        for model, names in {
            "ir.ui.menu": ["name"],
            "ir.actions.act_window": ["name", "help"],
            "ir.actions.client": ["name"],
            "ir.actions.server": ["name"],
            "ir.actions.report": ["name"],
            "res.groups": ["name", "comment"],
            "res.groups.privilege": ["name"],
            "ir.filters": ["name"],
        }.items():
            for record in self._owned(model):
                found += [(f"{record} {name}", record[name]) for name in names]
        self.assertGreater(len(found), 100)
        self._check(found)

    def test_names_of_models(self):
        models = self.env["ir.model"].search([("model", "in", list(self.env))])
        own = models.filtered(
            lambda one: one.model in self.env
            and self.env[one.model]._original_module in self.names
            and not self.env[one.model]._abstract
        )
        self.assertGreater(len(own), 50)
        self._check((f"model {one.model}", one.name) for one in own)

    def test_records_that_come_with_the_addons(self):
        """Tiers, stages, segments, tags, types, playbooks, templates of e-mails."""
        found = []
        data = self.env["ir.model.data"].search([("module", "in", list(self.names))])
        for model in set(data.mapped("model")) & set(self.env):
            if model.startswith("ir."):
                continue
            translated = [
                field.name
                for field in self.env[model]._fields.values()
                if field.translate and field.store
            ]
            for record in self._owned(model) if translated else ():
                found += [
                    (f"{record} {name}", str(record[name] or "")) for name in translated
                ]
        self.assertGreater(len(found), 200)
        self._check(found)
