from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..common import ClassificationCase


@tagged("post_install", "-at_install")
class TestIndustry(ClassificationCase):
    """Industries within industries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        industries = cls.env["res.partner.industry"]
        cls.food = industries.create({"name": "Zz Food"})
        cls.bakery = industries.create({"name": "Zz Bakery", "parent_id": cls.food.id})
        cls.bread = industries.create({"name": "Zz Bread", "parent_id": cls.bakery.id})
        cls.baker = cls._customer("Baker", is_company=True, industry_id=cls.bread.id)

    def test_path(self):
        self.assertEqual(self.bread.display_name, "Zz Food / Zz Bakery / Zz Bread")
        self.food.name = "Zz Eating"
        self.env.invalidate_all()
        self.assertEqual(self.bread.display_name, "Zz Eating / Zz Bakery / Zz Bread")
        self.assertEqual(
            self.bread.parent_path,
            f"{self.food.id}/{self.bakery.id}/{self.bread.id}/",
        )

    def test_path_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.food.with_context(lang="fr_FR").name = "Zz Alimentation"
        self.assertEqual(
            self.bakery.with_context(lang="fr_FR").display_name,
            "Zz Alimentation / Zz Bakery",
        )

    def test_cycle_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "part of itself"):
            self.food.parent_id = self.bread
        with self.assertRaisesRegex(ValidationError, "part of itself"):
            self.food.parent_id = self.food

    def test_children_are_not_deleted_with_their_parent(self):
        with self.assertRaisesRegex(UserError, "Zz Food / Zz Bakery.*Zz Bread"):
            self.bakery.unlink()
        self.bread.active = False
        with self.assertRaises(UserError):
            self.bakery.unlink()
        (self.food + self.bakery + self.bread).unlink()

    def test_parent_finds_children(self):
        partners = self.env["res.partner"]
        self.assertIn(
            self.baker, partners.search([("industry_id", "child_of", self.food.id)])
        )
        self.assertIn(
            self.baker, partners.search([("industry_id", "child_of", "Zz Food")])
        )

    def test_name_search(self):
        industries = self.env["res.partner.industry"]
        for text in ("zz food", "Zz Food / Zz Bakery"):
            found = industries.browse(row[0] for row in industries.name_search(text))
            self.assertIn(self.bread, found, text)
        self.assertFalse(industries.name_search("zz no such"))

    def test_group(self):
        groups = self.env["res.partner"]._read_group(
            [("id", "=", self.baker.id)], ["industry_id"], ["__count"]
        )
        self.assertEqual(groups, [(self.bread, 1)])

    def test_paths_of_many(self):
        industries = self.env["res.partner.industry"].create(
            [{"name": f"Zz {n}", "parent_id": self.bread.id} for n in range(50)]
        )
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(4):
            industries.mapped("display_name")
