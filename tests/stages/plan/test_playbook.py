"""The playbook's figures are kept once, each with what its sentence is about."""

from tunewright.core.playbook import claims


def test_the_ends_of_the_rank_table_are_what_the_playbook_says() -> None:
    assert dict(claims()["rank_memory_gb"].by_rank) == {4: 12, 32: 40}
    assert dict(claims()["rank_minutes_per_1000_steps"].by_rank) == {4: 18, 32: 45}


def test_every_claim_says_what_it_is_about() -> None:
    assert all(claim.subject and claim.by_rank for claim in claims().values())
