import re
from difflib import SequenceMatcher
from itertools import combinations

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.called_records import check_one
from .classification_tag_kind import KINDS

LIKENESS = 0.85  # of two names
SHARED = 0.9  # of the records that have one of two tags
LEAST = 5  # records that both have to have
SAMPLE_ROWS = 500_000  # of the table of tags that are compared


class ClassificationTagDuplicate(models.Model):
    """Two tags that may mean the same.

    Their names are alike, or the same records have them. Found every night; former rows
    are replaced.
    """

    _name = "classification.tag.duplicate"
    _description = "Tags That May Mean the Same"
    _order = "share desc, id"

    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
    )
    tag_ref = fields.Reference(
        selection=lambda self: self._tag_models(), string="Tag", required=True
    )
    other_ref = fields.Reference(
        selection=lambda self: self._tag_models(), string="Other Tag", required=True
    )
    reason = fields.Selection(
        [("name", "Similar names"), ("members", "Same records")], required=True
    )
    share = fields.Float(
        string="Alike",
        help="How alike the names are, or which part of the records that have one of "
        "them have both.",
        aggregator=None,
    )

    @api.model
    def _tag_models(self):
        return [
            (kind.tag_model, self.env[kind.tag_model]._description)
            for kind in KINDS.values()
        ]

    @api.model
    def _find(self, kind):
        """Replace the duplicates found before.

        Four queries.
        """
        self.search([("kind", "=", kind.name)]).unlink()
        tags = self.env[kind.tag_model].search([("active", "=", True)])
        found = {pair: ("name", share) for pair, share in _alike(tags)}
        for tag, other, share in self._shared(kind):
            found.setdefault((tag, other), ("members", share))
        self.create(
            [
                {
                    "kind": kind.name,
                    "tag_ref": f"{kind.tag_model},{tag}",
                    "other_ref": f"{kind.tag_model},{other}",
                    "reason": reason,
                    "share": share,
                }
                for (tag, other), (reason, share) in found.items()
            ]
        )

    @api.model
    def _shared(self, kind):
        """Return ``(tag, other, share)`` of tags that the same records have.

        One query, sampled on very large tables.
        """
        return self.env.execute_query(
            SQL(
                """
                WITH size AS (
                    SELECT greatest(1, ceil(reltuples / %(sample)s))::int AS step
                      FROM pg_class WHERE oid = %(name)s::regclass
                ), sample AS (
                    SELECT r.%(tag)s AS tag, r.%(record)s AS record
                      FROM %(relation)s r, size
                      JOIN LATERAL (SELECT size.step) s ON TRUE
                     WHERE r.%(record)s %% s.step = 0
                       AND EXISTS (SELECT FROM %(tags)s t
                                    WHERE t.id = r.%(tag)s AND t.active)
                ), number AS (
                    SELECT tag, count(*) AS records FROM sample GROUP BY tag
                    HAVING count(*) >= %(least)s
                ), both_have AS (
                    SELECT a.tag, b.tag AS other, count(*) AS records
                      FROM sample a
                      JOIN sample b ON a.record = b.record AND a.tag < b.tag
                     GROUP BY a.tag, b.tag
                )
                SELECT c.tag, c.other,
                       c.records::float / (a.records + b.records - c.records)
                  FROM both_have c
                  JOIN number a ON a.tag = c.tag
                  JOIN number b ON b.tag = c.other
                  JOIN %(tags)s ta ON ta.id = c.tag
                  JOIN %(tags)s tb ON tb.id = c.other
                 WHERE c.records >= %(shared)s * (a.records + b.records - c.records)
                   AND ta.parent_path NOT LIKE tb.parent_path || '%%'
                   AND tb.parent_path NOT LIKE ta.parent_path || '%%'
                """,
                sample=SAMPLE_ROWS,
                name=kind.relation,
                tag=kind.tag,
                record=kind.record,
                relation=kind.table,
                tags=kind.tag_table,
                least=LEAST,
                shared=SHARED,
            )
        )

    def action_merge(self):
        """Prepare the merge of the two."""
        check_one(self)
        tags = self.env[KINDS[self.kind].tag_model]
        tags = tags.union(*filter(None, (self.tag_ref, self.other_ref))).exists()
        return self.env["classification.tag.merge"]._open_for(tags)


def _alike(tags):
    """Return ``((tag, other), likeness)`` of tags with similar names.

    Below different parents, the same name means different things.
    """
    names = [(tag.id, _plain(tag.name), tag.parent_id) for tag in tags]
    for (tag, name, above), (other, other_name, other_above) in combinations(
        sorted(names, key=lambda item: item[0]), 2
    ):
        if name == other_name and above != other_above:
            continue
        matcher = SequenceMatcher(None, name, other_name, autojunk=False)
        if matcher.real_quick_ratio() >= LIKENESS and matcher.ratio() >= LIKENESS:
            yield (tag, other), matcher.ratio()


def _plain(name):
    return re.sub(r"[\W_]+", " ", name or "").casefold().strip()
