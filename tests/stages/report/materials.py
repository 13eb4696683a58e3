"""Invented materials for reports: plausible figures, hostile texts, many classes, and parts that are missing."""

import math
import random
from dataclasses import replace

import polars as pl

from tunewright.core.audit_report import AuditReport, CheckRun
from tunewright.core.candidate import CurvePoint, Estimate, Plan, Refused, Run
from tunewright.core.dataset import Dataset
from tunewright.core.digest import digest
from tunewright.core.divided import Divided, Division
from tunewright.core.edit import Cleaned, Edit
from tunewright.core.finding import Finding
from tunewright.core.gate import Override, judge
from tunewright.core.ingested import Ingested
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import ClassScores, Comparison, ConfusionPair, Scorecard, SystemScores
from tunewright.order import gates
from tunewright.stages.audit.gates import QUALITY
from tunewright.stages.report.material import Audited, Evaluated, ReportMaterial, StepCost

ROWS = 4012
LABELS = (
    "card_lost_or_stolen",
    "card_payment_declined",
    "cash_withdrawal_fee",
    "direct_debit_question",
    "exchange_rate",
    "identity_check",
    "login_and_password",
    "mortgage_rate",
    "refund_not_received",
    "savings_account_opening",
    "transfer_not_arrived",
    "unknown_charge",
)
HOSTILE = (
    "<script>alert('x')</script> and <img src=x onerror=alert(1)>",
    "W" * 400,
    "مرحبا، لم تصل الحوالة إلى حسابي \u202eevil\u202c 😀👩‍👩‍👧",
    "{{ 7 * 7 }} {% raw %} </style><svg onload=alert(2)>",
)
PRIVATE = (
    "My card 4929 1234 5678 9012 was charged twice, write to jane.doe+bank@example.co.uk",
    "Please call +49 (0)151 2345-6789 before noon, IBAN DE89 3704 0044 0532 0130 00",
    "See https://portal.example.com/reset?token=abc and customer 88412907",
)
SECRETS = ("4929", "9012", "jane.doe", "example.co", "2345-6789", "3704", "portal.example", "88412907")
TEXTS = (
    "Hi, my transfer to my landlord from Monday still has not arrived, where is it?",
    "Hello team, I was charged twice for the same taxi ride, can you refund one of them please",
    "good morning! what rate do you use when i pay in Swiss francs",
    "my card got swallowed by the machine at the station, pls block it right away",
    *PRIVATE,
)

GATES = {gate.name: gate for gate in gates()}


def sha(name: object) -> str:
    return digest(str(name))


def rate(metric: str, right: int, n: int, *, unit: str = "share") -> Score:
    p, z = right / n, 1.959964
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    scale = 100 if unit == "points" else 1
    return Score(
        metric=metric,
        value=scale * p,
        n=n,
        low=scale * (middle - half),
        high=scale * min(1.0, middle + half),
        method="wilson",
        unit=unit,
    )


def quoted(texts=TEXTS, labels=LABELS, rows: int = 60) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": list(range(rows)),
            "line": [2 + 2 * i + i // 7 for i in range(rows)],
            "prompt": [texts[i % len(texts)] for i in range(rows)],
            "answer": [None] * rows,
            "label": [labels[i % len(labels)] for i in range(rows)],
        },
        schema={"row": pl.Int64, "line": pl.Int64, "prompt": pl.String, "answer": pl.String, "label": pl.String},
    )


def hits(rows: int, **columns: list) -> pl.DataFrame:
    frame = pl.DataFrame({"row": list(range(rows)), "score": [1.0 - i / (10 * rows) for i in range(rows)]})
    return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def findings(*, cleaned: bool) -> tuple[Finding, ...]:
    collected = []
    if not cleaned:
        collected += [
            Finding.of(
                hits(212, other_line=[4 + 2 * i for i in range(212)]),
                check="exact_duplicates",
                kind="both",
                message="repeats line {other_line}",
                fix="drop_duplicates",
            ),
            Finding.of(
                hits(41, seen=["n/a"] * 41),
                check="missing_values",
                kind="label",
                message="no usable label: {seen!r}",
                fix="drop_missing",
            ),
        ]
    collected += [
        Finding.of(
            hits(37, other_line=[8 + 2 * i for i in range(37)], seen=[LABELS[i % 12] for i in range(37)]),
            check="label_conflicts",
            kind="prompt",
            message="the same text has the label {seen!r} in line {other_line}",
        ),
        Finding.of(
            hits(96, seen=[PRIVATE[i % 3] for i in range(96)]),
            check="personal_data",
            kind="prompt",
            severity="warning",
            message="holds personal data: {seen}",
            fix="redact",
        ),
        Finding.about(
            check="class_imbalance",
            kind="label",
            severity="info",
            message="the largest class holds {share:.1%} of the rows, the smallest {least}",
            facts={"share": 0.1432, "least": 118},
        ),
    ]
    return tuple(collected)


def audit(*, cleaned: bool) -> AuditReport:
    rows = ROWS - 253 if cleaned else ROWS
    bad = 37 if cleaned else 212
    checks = [
        CheckRun(check=name, about=about, seconds=0.21)
        for name, about in (
            ("exact_duplicates", "Rows that say the same thing twice."),
            ("missing_values", "Cells that are empty or only look filled."),
            ("label_conflicts", "The same text under two labels."),
            ("personal_data", "Names, numbers and addresses of people."),
            ("class_imbalance", "Classes so small that they cannot be learned."),
            ("format_drift", "Rows shaped unlike the others."),
        )
    ]
    skip = CheckRun(
        check="domain_mismatch",
        about="Texts from another field than yours.",
        seconds=0.0,
        skipped="no reference texts; give some with data.references",
    )
    return AuditReport(
        dataset=Dataset(table="data", version=int(cleaned), rows=rows, task="classify", root=sha(("root", cleaned))),
        quality=rate("quality_score", rows - bad, rows, unit="points"),
        checks=(*checks, skip),
        findings=findings(cleaned=cleaned),
    )


def cleaned(before: AuditReport, after: AuditReport) -> Cleaned:
    def edit(fix: str, finding: str, action: str, rows: int, reason: str) -> Edit:
        frame = pl.DataFrame({"row": list(range(rows)), "action": [action] * rows, "reason": [reason] * rows})
        return Edit.of(frame, fix=fix, finding=finding, who="m.weber")

    return Cleaned(
        before=before.dataset,
        after=after.dataset,
        edits=(
            edit("drop_duplicates", "exact_duplicates.both", "drop", 212, "repeats line 14, which is kept"),
            edit("drop_missing", "missing_values.label", "drop", 41, "the label is only a placeholder"),
            edit("redact", "personal_data.prompt", "replace", 96, "a card number was replaced by [CARD]"),
        ),
    )


def predictions(labels: tuple[str, ...], n: int, accuracy: float) -> pl.DataFrame:
    rng = random.Random(7)
    rows = []
    for i in range(n):
        truth = labels[i % len(labels)]
        right = rng.random() < accuracy
        near = labels[(i + 1 + rng.randrange(3) ** 2) % len(labels)]
        sure = min(0.999, max(0.08, rng.gauss(0.92 if right else 0.6, 0.12)))
        rows.append((i, truth, truth if right else near, sure))
    return pl.DataFrame(rows, schema=["row", "truth", "predicted", "confidence"], orient="row")


def scorecard(labels: tuple[str, ...], n: int) -> Scorecard:
    frame = predictions(labels, n, 0.93)
    right = frame.filter(pl.col("truth") == pl.col("predicted")).height

    def system(name: str, about: str, share: float) -> SystemScores:
        k = round(share * n)
        scores = (
            rate("accuracy", k, n),
            rate("macro_f1", round(0.985 * k), n),
            Score(metric="calibration_error", value=0.12 * (1.1 - share), n=n),
        )
        return SystemScores(system=name, about=about, scores=scores)

    systems = (
        system("candidate", "the tuned model", right / n),
        system("knn", "the most frequent label among the 5 nearest training rows", 0.842),
        system("label_names", "the label whose name is nearest by embedding", 0.61),
        system("majority", "always the most frequent label", 1 / len(labels)),
    )

    def against(system_scores: SystemScores) -> Comparison:
        gain = right / n - system_scores.score("accuracy").value
        score = Score(metric="accuracy", value=gain, n=n, low=gain - 0.024, high=gain + 0.025, method="bootstrap-2000")
        wins = round(gain * n) + 9
        return Comparison(baseline=system_scores.system, difference=score, wins=wins, losses=9, ties=n - wins - 9)

    counts = (
        frame.group_by("truth", "predicted").len().sort("len", "truth", "predicted", descending=[True, False, False])
    )
    table = {(t, p): c for t, p, c in counts.rows()}
    classes = []
    for label in labels:
        support = sum(c for (t, _), c in table.items() if t == label)
        predicted = sum(c for (_, p), c in table.items() if p == label)
        hit = table.get((label, label), 0)
        classes.append(
            ClassScores(
                label=label,
                support=support,
                predicted=predicted,
                precision=rate("precision", hit, max(predicted, 1)),
                recall=rate("recall", hit, max(support, 1)),
            )
        )
    pairs = tuple(ConfusionPair(truth=t, predicted=p, rows=c) for (t, p), c in table.items() if t != p)
    return Scorecard(
        task="classify",
        candidate=sha("candidate"),
        suite="test",
        rows=n,
        metric="accuracy",
        systems=systems,
        comparisons=tuple(against(baseline) for baseline in systems[1:]),
        classes=tuple(classes),
        confusions=pairs,
        decision="ship",
        words="Ship: the tuned model beats every baseline, and the whole interval of the gain lies above zero.",
        predictions_digest=sha("predictions"),
        latency=(
            Score(metric="p50_ms", value=6.4, n=200, low=6.2, high=6.7, unit="ms"),
            Score(metric="p95_ms", value=11.8, n=200, low=10.9, high=13.0, unit="ms"),
        ),
    ).with_predictions(frame)


def run(labels: tuple[str, ...]) -> Run:
    curve = []
    for step in range(20, 541, 20):
        held = step % 60 == 0
        curve.append(
            CurvePoint(
                step=step,
                epoch=step / 90,
                train_loss=2.4 * math.exp(-step / 110) + 0.06 + 0.02 * math.sin(step),
                validation_loss=2.3 * math.exp(-step / 120) + 0.22 + step / 9000 if held else None,
                validation_metric=0.94 - 0.8 * math.exp(-step / 90) - step / 60000 if held else None,
            )
        )
    plan = Plan(
        task="classify",
        method="encoder",
        options={"epochs": 6, "learning_rate": 3e-4, "batch": 32, "max_length": 128},
        base="models/all-MiniLM-L6-v2",
        base_digest=sha("base"),
        labels=labels,
        dataset=sha("split"),
        seed=0,
        estimate=Estimate(steps=540, tokens=64000, hours=0.05, memory_gb=1.1, cost_usd=0.0, source="measured here"),
        reasons=("Twelve classes with over 100 rows each: an encoder learns them in minutes on this machine.",),
        refused=(Refused(method="lora", why="A causal model would need 14 hours here for the same task."),),
    )
    return Run(
        plan=plan,
        curve=tuple(curve),
        best_step=420,
        metric="accuracy",
        precision="bf16",
        trained_rows=2806,
        trained_tokens=64120,
        stopped="no better validation accuracy for two epochs",
        seconds=172.4,
        energy_wh=2.7,
        environment={"python": "3.11.9", "torch": "2.13.0", "transformers": "5.17.0", "cpu": "2 cores, AMX"},
    )


def full(labels: tuple[str, ...] = LABELS, texts: tuple[str, ...] = TEXTS, test_rows: int = 602) -> ReportMaterial:
    before, after = audit(cleaned=False), audit(cleaned=True)
    card = scorecard(labels, test_rows)
    trained = run(labels)
    quality = judge("audit.quality_score", ">= 85", after.quality)
    gain = judge("evaluate.gain", "> 0", card.comparisons[0].difference)
    rng = random.Random(3)
    classes = {}
    for label in labels:
        n = rng.randrange(120, 420)
        classes[label] = {"train": round(0.7 * n), "validation": round(0.15 * n), "test": round(0.15 * n)}
    release = Release(
        name="support-desk-1f3a9c2b",
        task="classify",
        kind="encoder",
        labels=labels,
        candidate=sha("candidate"),
        scorecard=card.digest,
        data={"raw": sha("raw"), "split": sha("split")},
        verdicts=(quality, gain),
        weights={"model.safetensors": sha("weights"), "tokenizer.json": sha("tokenizer")},
        parity_rows=test_rows,
        created="2026-11-24T10:15:02+00:00",
    )
    return ReportMaterial(
        gates=GATES,
        quality_gate=QUALITY.name,
        project="support-desk",
        generated="2026-11-24T10:15:04+00:00",
        version="0.1.0",
        ingested=Ingested(
            dataset=before.dataset,
            file="tickets.csv",
            file_digest=sha("file"),
            format="CSV (comma, UTF-8)",
            mapping={"prompt": "message", "label": "category"},
            records=ROWS + 9,
            quarantined=9,
            reasons={"more cells than the header has columns": 7, "a cell over 1 MB": 2},
        ),
        before=Audited(before, quoted(texts, labels)),
        cleaned=cleaned(before, after),
        after=Audited(after, quoted(texts, labels)),
        divided=Divided(
            dataset=after.dataset.model_copy(update={"version": 2, "root": sha("split")}),
            division=Division(
                classes=classes,
                groups=3522,
                rows={s: sum(c[s] for c in classes.values()) for s in ("train", "validation", "test")},
                given=False,
            ),
        ),
        plan=trained.plan,
        run=trained,
        candidate=sha("candidate"),
        evaluated=Evaluated(card, quoted(texts, labels, test_rows)),
        verdicts=(quality, gain),
        release=release,
        costs=(
            StepCost("intake", 0.6),
            StepCost("audit", 2.1),
            StepCost("clean", 0.7),
            StepCost("audit", 1.9, hit=True),
            StepCost("split", 0.5),
            StepCost("plan", 0.2),
            StepCost("train", 172.4),
            StepCost("evaluate", 14.2),
            StepCost("release", 3.8),
        ),
        usd=0.04,
        machine="2 cores of an Intel Xeon with AMX",
    )


def hostile() -> ReportMaterial:
    labels = tuple(sorted((*LABELS[:8], *HOSTILE)))
    material = full(labels, (*HOSTILE, *PRIVATE))
    return replace(
        material, project="<script>alert(3)</script>", machine="<b>box</b>", stopped="</style><script>x</script>"
    )


def many() -> ReportMaterial:
    return full(tuple(f"{LABELS[i % 12]}_{i:03d}" for i in range(150)), test_rows=3000)


def only_audit() -> ReportMaterial:
    before = audit(cleaned=False)
    return ReportMaterial(
        gates=GATES,
        quality_gate=QUALITY.name,
        project="tickets.csv",
        generated="2026-11-24T10:15:04+00:00",
        version="0.1.0",
        before=Audited(before, quoted()),
        verdicts=(judge("audit.quality_score", ">= 95", before.quality),),
    )


def stopped() -> ReportMaterial:
    material = full()
    shut = judge("audit.quality_score", ">= 99.5", material.after.report.quality)
    return replace(
        material,
        divided=None,
        plan=None,
        run=None,
        candidate=None,
        evaluated=None,
        release=None,
        verdicts=(shut,),
        usd=None,
        costs=material.costs[:4],
        stopped="`audit.quality_score` is 99; the gate asks for >= 99.5.",
    )


def overridden() -> ReportMaterial:
    material = full()
    by = Override(
        who="m.weber",
        why="Pilot with twenty users, reviewed by hand",
        until="2027-01-31",
        when="2026-11-24T09:58:00+00:00",
    )
    shut = judge("audit.quality_score", ">= 99.5", material.after.report.quality, override=by)
    return replace(material, verdicts=(shut, material.verdicts[1]))


def nothing() -> ReportMaterial:
    return ReportMaterial(project="empty", generated="2026-11-24T10:15:04+00:00", version="0.1.0")
