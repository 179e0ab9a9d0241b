"""Forms of versioned rules, on which only drafts can be changed."""


def lock_published(arch, names):
    """Make fields of a form read-only except on drafts.

    A ``readonly`` of the view itself is kept.

    :param arch: element of the form, changed in place
    :param names: names of the fields
    """
    for node in arch.iter("field"):
        is_inner = any(parent.tag == "field" for parent in node.iterancestors())
        if node.get("name") in names and not is_inner and not node.get("readonly"):
            node.set("readonly", "state != 'draft'")
