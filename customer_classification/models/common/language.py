"""Languages of people, of which Odoo may have removed some."""


def known_language(env, code):
    """Return a language that is installed: this one, else that of the caller.

    Odoo refuses to work in a removed language. People who left and contacts in the
    archive keep theirs.
    """
    for one in (code, env.context.get("lang")):
        if one and env["res.lang"]._get_data(code=one):
            return one
    return None
