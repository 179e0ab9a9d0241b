"""Labels, lists and clauses, as the reader's language punctuates them."""


def labelled(env, label, text):
    """Return a label and its text with a colon between."""
    return env._("%(label)s: %(text)s", label=label, text=text)


def listed(env, words):
    """Return names or numbers with commas between."""
    comma = env._("%(first)s, %(second)s", first="", second="")
    return comma.join(map(str, words))


def clauses(env, texts):
    """Return parts of a sentence with semicolons between."""
    return env._("%(first)s; %(second)s", first="", second="").join(texts)
