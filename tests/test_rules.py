"""The rules, and `xlconv explain`."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from click.testing import CliRunner

from xlconv.cli import cli
from xlconv.report.rules import RULES, Rule, RuleId, UnknownRuleError, named


def test_ids() -> None:
    """Every id is declared once, in the type and in the registry, and is words with hyphens."""
    assert list(RULES) == list(get_args(RuleId))
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_texts(rule: Rule) -> None:
    """A title is a phrase, the rest are sentences; none has what a format would take for more than text."""
    assert rule.severity in ("error", "warning", "note")
    assert 10 < len(rule.title) < 80
    assert rule.title[0].islower() or rule.title.startswith("NaN")
    assert not rule.title.endswith(".")
    for text in (rule.why, rule.mend):
        assert text.endswith((".", "?"))
        assert "  " not in text
        assert text.isprintable()
        assert len(text) > 20


def test_named() -> None:
    """A rule is found by its id; a misspelt one gives near ids as a hint."""
    assert named("stale") is RULES["stale"]
    with pytest.raises(UnknownRuleError) as caught:
        named("Formla")
    assert caught.value.message == "there is no rule 'Formla'"
    assert "formula" in str(caught.value.hint)
    with pytest.raises(UnknownRuleError) as caught:
        named("xyzzy")
    assert caught.value.hint == "xlconv explain lists all rules"


def test_explain_lists_all() -> None:
    """Without a rule, each has a line with id, severity and title."""
    done = CliRunner().invoke(cli, ["explain"])
    assert done.exit_code == 0
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert lines == [[rule.id, rule.severity, rule.title] for rule in RULES.values()]


def test_explain() -> None:
    """A rule is explained with its severity, title, why and how to mend it, in lines of readable length."""
    done = CliRunner().invoke(cli, ["explain", "reads-blank", "stale"])
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= 100
    said = " ".join(done.stdout.split())
    for rule in (RULES["reads-blank"], RULES["stale"]):
        assert f"{rule.id} ({rule.severity}): {rule.title}" in said
        assert rule.why in said
        assert f"How to mend it: {rule.mend}" in said
