"""A label and its text, with the colon of the reader's language."""


def labelled(env, label, text):
    """Return both with a colon between, full-width where the language has one."""
    return env._("%(label)s: %(text)s", label=label, text=text)
