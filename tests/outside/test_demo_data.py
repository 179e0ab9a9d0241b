"""The database with Odoo's demo data and ours."""


def test_every_company_is_classified(prepared):
    assert len(prepared["runs"]) >= 2
    for policy, state, error in prepared["runs"]:
        assert state == "done", f"policy {policy}: {error}"


def test_each_tier_has_members(prepared):
    assert min(prepared["tiers"].values()) > 0, prepared["tiers"]
    assert len(prepared["tiers"]) == 5


def test_each_stage_has_members(prepared):
    assert min(prepared["stages"].values()) > 0, prepared["stages"]
    assert len(prepared["stages"]) == 8
