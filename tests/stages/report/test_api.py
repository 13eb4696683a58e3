"""The report as a file: what it may hold, what it must show, and that hostile data stays data."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest
from tests.stages.report import materials

from tunewright.core.gate import judge
from tunewright.stages.report.api import render

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
LIMIT = 500_000
MATERIALS = ["full", "hostile", "many", "only_audit", "stopped", "overridden", "nothing"]
FETCHING = {"src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "background", "ping"}
FORBIDDEN = {"script", "iframe", "object", "embed", "link", "base", "form", "img", "foreignobject", "use", "image"}
VOID = {"meta", "br", "hr", "img", "link", "base", "input"}


class Page(HTMLParser):
    """Tags with attributes, the visible text, and whether every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: render(getattr(materials, name)()) for name in MATERIALS}


@pytest.mark.parametrize("name", MATERIALS)
def test_a_report_holds_no_script_and_asks_the_network_for_nothing(pages, name) -> None:
    page = Page(pages[name])
    assert {tag.lower() for tag, _ in page.tags} & FORBIDDEN == set()
    for tag, attrs in page.tags:
        assert not [key for key in attrs if key.lower().startswith("on")], (tag, attrs)
        for key in FETCHING & set(attrs):
            assert (attrs[key] or "").startswith("#"), (tag, key, attrs[key])
    outside_text = re.sub(r">[^<]*<", "><", pages[name])
    assert "://" not in outside_text
    assert "@import" not in pages[name]
    assert "url(" not in re.sub(r"url\(#[\w-]+\)|url\(&quot;#", "", outside_text)


@pytest.mark.parametrize("name", MATERIALS)
def test_the_policy_forbids_everything_but_the_pages_own_style(pages, name) -> None:
    metas = Page(pages[name]).named("meta")
    assert [m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy"] == [POLICY]


@pytest.mark.parametrize("name", MATERIALS)
def test_a_report_is_small_enough_to_mail(pages, name) -> None:
    assert len(pages[name].encode()) <= LIMIT


@pytest.mark.parametrize("name", MATERIALS)
def test_headings_go_down_one_step_at_a_time_from_one_h1(pages, name) -> None:
    levels = [int(tag[1]) for tag, _ in Page(pages[name]).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", ["full", "many", "only_audit", "stopped"])
def test_every_figure_is_described_and_has_its_figures_as_a_table(pages, name) -> None:
    figures = Page(pages[name]).named("figure")
    assert figures
    assert all(f["role"] == "img" and len(f["aria-label"] or "") > 40 for f in figures)
    after_each = pages[name].split("</figure>")[1:]
    assert all(re.match(r"\s*<p class=\"said\">[^<]+</p>\s*<details", rest) for rest in after_each)
    assert all("<table>" in rest.split("</details>")[0] for rest in after_each)


@pytest.mark.parametrize("name", MATERIALS)
def test_every_table_has_a_caption_and_scoped_headings(pages, name) -> None:
    page = Page(pages[name])
    assert len(page.named("table")) == len(page.named("caption"))
    assert all(th.get("scope") in ("col", "row") for th in page.named("th"))


def test_hostile_text_is_shown_as_text_and_never_run(pages) -> None:
    page = Page(pages["hostile"])
    assert "<script>alert('x')</script>" in page.text
    assert "<script>alert(3)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\u202e" not in pages["hostile"]


@pytest.mark.parametrize("name", ["full", "hostile", "only_audit"])
@pytest.mark.parametrize("secret", materials.SECRETS)
def test_personal_data_in_samples_and_sentences_is_masked(pages, name, secret) -> None:
    assert "[number]" in pages[name]
    assert "[email]" in pages[name]
    assert secret not in Page(pages[name]).text


def test_the_same_material_gives_the_same_bytes(pages) -> None:
    assert render(materials.full()) == pages["full"]


def test_the_verdict_comes_first_and_says_by_how_much_with_its_interval(pages) -> None:
    page = Page(pages["full"])
    first = " ".join(page.text.split("Gates, what they ask")[0].split())
    card = materials.full().evaluated.scorecard
    gain = card.comparisons[0].difference
    assert "Ready to ship" in first
    assert f"+{100 * gain.value:.1f} points" in first
    assert f"+{100 * gain.low:.1f} to +{100 * gain.high:.1f}" in first
    assert "knn (the most frequent label among the 5 nearest training rows), reaches 84.2" in first
    assert "Every gate passed: data quality and gain over the best baseline." in first
    assert "2.7 Wh for training and US$ 0.04" in first


def test_every_class_is_in_the_table_the_worst_recall_first(pages) -> None:
    shown = pages["many"].partition("Precision and recall of 150 classes")[2].split('<section id="mistakes"')[0]
    rows = re.findall(r'<tr><th scope="row"><bdi>([^<]+)</bdi></th><td class="n"><bdi>([\d.]+)', shown)
    assert len(rows) == 150
    assert len({name for name, _ in rows}) == 150
    recalls = [float(recall) for _, recall in rows]
    assert recalls == sorted(recalls)


def test_findings_name_the_users_own_lines_and_what_cleaning_left(pages) -> None:
    text = " ".join(Page(pages["full"]).text.split())
    first = pages["full"].split('<ol class="findings">')[1].split("</table>")[0]
    assert re.findall(r'<th scope="row" class="n">(\d+)</th>', first) == ["2", "4", "6"]
    assert "repeats line 4" in text
    assert "none left after cleaning" in text
    assert "37 rows left after cleaning" in text
    assert "no reference texts; give some with data.references" in text


def test_every_value_is_traceable_to_its_whole_digest(pages) -> None:
    material = materials.full()
    digests = [
        material.ingested.file_digest,
        material.ingested.dataset.digest,
        material.before.report.digest,
        material.after.report.digest,
        material.cleaned.digest,
        material.cleaned.after.digest,
        material.divided.dataset.digest,
        material.plan.digest,
        material.run.digest,
        material.candidate,
        material.evaluated.scorecard.digest,
        material.evaluated.scorecard.predictions_digest,
        material.release.digest,
        *material.release.weights.values(),
        *(v.digest for v in material.verdicts),
    ]
    text = Page(pages["full"]).text
    assert [digest for digest in digests if digest not in text] == []
    short = set(re.findall(r'<code title="(sha256:[0-9a-f]{64})">([0-9a-f]{12})</code>', pages["full"]))
    assert short
    assert all(whole.removeprefix("sha256:").startswith(cut) for whole, cut in short)


def test_a_failed_gate_stops_the_report_where_the_run_stopped(pages) -> None:
    text = Page(pages["stopped"]).text
    assert "Stopped: the data is not ready" in text
    assert "it asks for ≥\u202f99.5, measured was 99.0 (interval 98.6 to 99.3, of which the worse end counts)" in text
    assert "Beside the baselines" not in text


def test_an_override_is_shown_with_who_and_why_and_until(pages) -> None:
    text = Page(pages["overridden"]).text
    assert "released past a failed gate" in text
    assert "m.weber, 2026-11-24, until 2027-01-31: “Pilot with twenty users, reviewed by hand”" in text


def test_the_audit_of_a_file_alone_has_a_report(pages) -> None:
    text = Page(pages["only_audit"]).text
    assert "The data is not ready to train on" in text
    assert materials.only_audit().before.report.digest in text


def test_do_not_fine_tune_is_a_verdict_a_reader_sees() -> None:
    full = materials.full()
    card = full.evaluated.scorecard.model_copy(update={"decision": "do not fine-tune"})
    card.with_predictions(full.evaluated.scorecard.predictions)
    loss = card.comparisons[0].difference.model_copy(update={"value": -0.02, "low": -0.04, "high": 0.01})
    shut = judge("evaluate.gain", "> 0", loss)
    text = Page(
        render(replace(full, evaluated=replace(full.evaluated, scorecard=card), verdicts=(shut,), release=None))
    ).text
    assert "Fine-tuning is not worth it here" in text
    assert "measured was −2.0 points" in text


def test_a_scorecard_without_rows_classes_or_comparisons_is_still_reported() -> None:
    full = materials.full()
    card = full.evaluated.scorecard.model_copy(
        update={
            "classes": (),
            "confusions": (),
            "comparisons": (),
            "latency": (),
            "systems": full.evaluated.scorecard.systems[:1],
        }
    ).with_predictions(pl.DataFrame())
    bare = replace(full, evaluated=replace(full.evaluated, scorecard=card, rows=pl.DataFrame()), costs=(), verdicts=())
    page = Page(render(bare))
    assert "no baseline was measured" in page.text
    assert "Class by class" not in page.text


def test_of_many_classes_the_largest_and_the_smallest_are_drawn(pages) -> None:
    text = Page(pages["many"]).text
    assert "the 12 largest of 150 classes" in text
    assert "the 12 smallest of 150 classes" in text


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: str, other: str) -> float:
    high, low = sorted((luminance(color), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(pages, theme) -> None:
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", pages["full"])
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[theme]))
    for text in ("ink", "muted", "link", "good", "warn", "bad", "plain"):
        for ground in ("paper", "raised"):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for tone in ("good", "warn", "bad", "plain"):
        assert contrast(colors[tone], colors[f"{tone}-tint"]) >= 4.5, tone


def test_every_color_of_a_chart_has_its_counterpart_in_the_dark(pages) -> None:
    style = pages["full"].split("<style>")[1].split("</style>")[0]
    drawn = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]{3,8})"', pages["full"].split("</style>")[1]))
    assert drawn
    for color in drawn:
        assert f'.svg [fill="{color}"]' in style, color
        assert f'.svg [stroke="{color}"]' in style, color
