"""Update the shipped texts of stages that nobody edited.

The stages are data of the company (``noupdate``), so an update leaves even the texts
that it shipped. The old and the new texts are kept here, not read from the files:
this script stays true when those change again.
"""

from odoo.tools import SQL

# {stage: {language: (the text now, all that were shipped before)}}
TEXTS = {
    "new": {
        "en_US": (
            "Bought for the first time a short while ago, or on one day only and not "
            "longer ago than customers usually wait.",
            ["Bought for the first time a short while ago."],
        ),
        "zh_CN": (
            "不久前首次购买，或只在一天购买过且尚未超过客户的通常间隔。",
            ["不久前首次购买。"],
        ),
    },
    "dormant": {
        "en_US": ("Has not bought for several times the own rhythm.", []),
        "zh_CN": ("已有数倍于自身节奏的时间没有购买。", []),
    },
    "lost": {
        "en_US": (
            "Has not bought for many times the own rhythm.",
            ["Has not bought for so long that a return is not expected."],
        ),
        "zh_CN": (
            "未购买的时间已是自身购买节奏的许多倍。",
            ["已经很久没有购买，预计不会再回来。"],
        ),
    },
}


def migrate(cr, version):
    """Update each language for itself.

    An edited text in one language does not keep the others.
    """
    for code, languages in TEXTS.items():
        for language, (now, before) in languages.items():
            cr.execute(
                SQL(
                    """
                    UPDATE customer_lifecycle_stage
                       SET description = description
                                         || jsonb_build_object(%(language)s, %(now)s)
                     WHERE code = %(code)s
                       AND description ->> %(language)s = ANY(%(before)s)
                    """,
                    language=language,
                    now=now,
                    before=before,
                    code=code,
                )
            )
