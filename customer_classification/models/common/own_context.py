"""The context in which the program itself works.

The caller of a method fills its context, with default values of any field for instance.
Writes of the program with more rights must not follow from that. Odoo's ``sudo()``
drops defaults, and keeps all else.
"""

# The value of flags that only the program sets: an object, which JSON cannot carry.
OWN = object()
# Keys that a caller may choose: the language of sentences.
_KEPT = ("lang",)


def with_own_context(records, **flags):
    """Return records with superuser rights and without the caller's context."""
    kept = {
        key: records.env.context[key] for key in _KEPT if key in records.env.context
    }
    return records.with_env(records.env(su=True, context={**kept, **flags}))
