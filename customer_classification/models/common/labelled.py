"""A label and its text, as the reader's language puts a colon between them."""


def labelled(env, label, text):
    """Return both with a colon between, full-width where the language has one."""
    return env._("%(label)s: %(text)s", label=label, text=text)
