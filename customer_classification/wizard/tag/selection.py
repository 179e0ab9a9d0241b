"""Selection of the list from which a wizard was opened."""


def selected_ids(env):
    """Ids of the selected records; a client may have written anything there."""
    ids = env.context.get("active_ids")
    if not isinstance(ids, (list, tuple)):
        return []
    return [one for one in ids if type(one) is int and 0 < one < 2**63]
