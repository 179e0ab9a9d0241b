from odoo import SUPERUSER_ID, models

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG


class ClassificationKeptMixin(models.AbstractModel):
    """Records that nobody deletes past the checks of ``@api.ondelete``.

    Odoo skips those checks where the context says that an addon is uninstalled, and the
    context is a client's. Only the superuser uninstalls.
    """

    _name = "classification.kept.mixin"
    _description = "Records Whose Deletion Is Checked"

    def unlink(self):
        kept = self
        if self.env.uid != SUPERUSER_ID:
            kept = self.with_context(**{MODULE_UNINSTALL_FLAG: False})
        return super(ClassificationKeptMixin, kept).unlink()
