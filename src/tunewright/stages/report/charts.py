"""The report's charts: Altair specifications with one theme, drawn as SVG in this process.

Colors are those of the light page; the page's style sheet replaces each of them in the dark (``style.css.j2``), so
a chart copied out of the report still looks right.
"""

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

INK, MUTED, RULE = "#1c2128", "#57606a", "#d5dbe1"
OWN, OTHER, SECOND, BAR, PAPER = "#0b5cad", "#76808c", "#a8480a", "#b3261e", "#fefefe"
#: Every color a chart may use, by its name in the style sheet.
COLORS = {
    "chart-ink": INK,
    "chart-muted": MUTED,
    "chart-rule": RULE,
    "chart-own": OWN,
    "chart-other": OTHER,
    "chart-second": SECOND,
    "chart-bar": BAR,
    "chart-paper": PAPER,
}
WIDTH = 470
ROW_HEIGHT = 26
#: Widths are measured with Liberation Sans, which this renderer carries; Arial and Helvetica have the same.
FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
TAGS = {"svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath", "title"}
DROPPED = {"role", "class", "pointer-events", "version", "cursor"}

_AXIS = {
    "labelColor": MUTED,
    "titleColor": MUTED,
    "labelFontSize": 13,
    "titleFontSize": 13,
    "titleFontWeight": "normal",
    "titlePadding": 10,
    "gridColor": RULE,
    "domainColor": RULE,
    "tickColor": RULE,
    "domain": False,
    "ticks": False,
    "labelPadding": 8,
    "labelLimit": 168,
}
THEME: dict[str, Any] = {
    "font": FONT,
    "background": None,
    "padding": 4,
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisY": {"labelColor": INK},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 13,
        "symbolSize": 90,
        "columnPadding": 18,
        "offset": 4,
    },
    "text": {"color": INK, "fontSize": 13},
}

Rows = Sequence[dict[str, Any]]


def intervals(
    rows: Rows, *, title: str, form: str, bar: float | None = None, within: tuple[float, float] | None = None
) -> Markup:
    """A dot with its interval in each row; `rows` have name, value, low, high, text, and own (what it is about).

    `bar` draws a dashed line; `within` are the ends that the figure cannot pass.
    """
    import altair as alt

    names = [row["name"] for row in rows]
    ends = [row[key] for row in rows for key in ("low", "value", "high")] + ([] if bar is None else [bar])
    span = max(ends) - min(ends) or 1.0
    low, high = min(ends) - 0.08 * span, max(ends) + 0.08 * span
    if within:
        low, high = max(low, within[0]), min(high, within[1])
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    y = alt.Y("name:N", sort=names, title=None)
    x = alt.X("value:Q", scale=scale, title=title, axis=alt.Axis(format=form, tickCount=4))
    color = alt.condition("datum.own", alt.value(OWN), alt.value(OTHER))
    base = alt.Chart(_data(rows))
    layers = [
        base.mark_rule(strokeWidth=3, strokeCap="round").encode(
            y=y, x=_end("low", scale, title), x2="high:Q", color=color
        ),
        base.mark_point(filled=True, opacity=1, size=110).encode(
            y=y,
            x=x,
            color=color,
            shape=alt.condition("datum.own", alt.value("circle"), alt.value("diamond")),
        ),
        base.mark_text(dy=-12, fontSize=12).encode(y=y, x=x, text="text:N"),
    ]
    if bar is not None:
        line = alt.Chart(_data([{"bar": bar}]))
        dashed = line.mark_rule(color=BAR, strokeDash=[5, 4], strokeWidth=1.5)
        layers.append(dashed.encode(x=_end("bar", scale, title)))
    chart = alt.layer(*layers).properties(width=_plot(names), height=alt.Step(40))
    return draw(chart)


def bars(rows: Rows, *, title: str, form: str = ",d", groups: Sequence[str] = ()) -> Markup:
    """Horizontal bars; `rows` have name, value, text, and group where there are `groups`, stacked in order."""
    import altair as alt

    names = list(dict.fromkeys(row["name"] for row in rows))
    y = alt.Y("name:N", sort=names, title=None)
    most = max(_totals(rows, names), default=1) or 1
    scale = alt.Scale(domain=[0, 1.16 * most], nice=False)
    x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format=form, tickCount=4))
    base = alt.Chart(_data([{**row, "order": _index(groups, row)} for row in rows]))
    if groups:
        color = alt.Color("group:N", scale=alt.Scale(domain=list(groups), range=[OWN, SECOND, OTHER][: len(groups)]))
        layers = [base.mark_bar(height={"band": 0.72}).encode(y=y, x=x, color=color, order="order:Q")]
    else:
        layers = [
            base.mark_bar(height={"band": 0.62}, color=OWN).encode(y=y, x=x),
            base.mark_text(align="left", dx=6, fontSize=12).encode(y=y, x=x, text="text:N"),
        ]
    return draw(alt.layer(*layers).properties(width=_plot(names), height=alt.Step(ROW_HEIGHT)))


def paired_bars(rows: Rows, *, title: str, groups: Sequence[str]) -> Markup:
    """Two thin bars in each row, one a group; `rows` have name, group, value, text."""
    import altair as alt

    names = list(dict.fromkeys(row["name"] for row in rows))
    most = max((row["value"] for row in rows), default=1) or 1
    y = alt.Y("name:N", sort=names, title=None, scale=alt.Scale(paddingInner=0.3))
    offset = alt.YOffset("group:N", sort=list(groups), scale=alt.Scale(paddingInner=0.1))
    scale = alt.Scale(domain=[0, 1.16 * most], nice=False)
    x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format=",d", tickCount=4))
    color = alt.Color("group:N", scale=alt.Scale(domain=list(groups), range=[OTHER, OWN]))
    base = alt.Chart(_data(rows)).encode(y=y, x=x, yOffset=offset)
    chart = alt.layer(
        base.mark_bar().encode(color=color), base.mark_text(align="left", dx=5, fontSize=11).encode(text="text:N")
    )
    return draw(chart.properties(width=_plot(names), height=alt.Step(34, **{"for": "position"})))


def curve(rows: Rows, *, title: str, form: str, best: float | None, series: Sequence[str]) -> Markup:
    """Lines over steps; `rows` have step, value, series; a dashed line marks the `best` step."""
    import altair as alt

    base = alt.Chart(_data(rows))
    x = alt.X("step:Q", title="training step", axis=alt.Axis(format=",d", tickCount=5, grid=False))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=form, tickCount=5))
    scale = alt.Scale(domain=list(series), range=[OWN, SECOND][: len(series)])
    legend = alt.Legend() if len(series) > 1 else None
    color = alt.Color("series:N", scale=scale, legend=legend)
    dash = alt.StrokeDash(
        "series:N", legend=legend, scale=alt.Scale(domain=list(series), range=[[1, 0], [6, 3]][: len(series)])
    )
    layers = [base.mark_line(strokeWidth=2.25, interpolate="monotone").encode(x=x, y=y, color=color, strokeDash=dash)]
    if len(rows) <= 60:
        layers.append(
            base.mark_point(filled=True, size=34, opacity=1).encode(x=x, y=y, color=color.copy().legend(None))
        )
    if best is not None:
        line = alt.Chart(_data([{"step": best, "text": "kept"}]))
        layers.append(line.mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x=x))
        layers.append(
            line.mark_text(align="right", dx=-5, baseline="top", color=MUTED, fontSize=12).encode(
                x=x, y=alt.value(0), text="text:N"
            )
        )
    return draw(alt.layer(*layers).properties(width=WIDTH - 70, height=220))


def reliability(rows: Rows) -> Markup:
    """Share answered right by confidence; `rows` have confidence, value, low, high."""
    import altair as alt

    unit = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("confidence:Q", scale=unit, axis=axis, title="confidence the model stated")
    title = "share answered right"
    y = alt.Y("value:Q", scale=unit, axis=axis, title=title)
    base = alt.Chart(_data(rows))
    ideal = alt.Chart(_data([{"a": 0, "b": 0}, {"a": 1, "b": 1}]))
    layers = [
        ideal.mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1.5).encode(
            x=alt.X("a:Q", title="confidence the model stated"), y=alt.Y("b:Q", title=title)
        ),
        base.mark_rule(color=OWN, strokeWidth=2).encode(x=x, y=alt.Y("low:Q", scale=unit, title=title), y2="high:Q"),
        base.mark_line(color=OWN, strokeWidth=1.5).encode(x=x, y=y),
        base.mark_point(color=OWN, filled=True, size=70, opacity=1).encode(x=x, y=y),
    ]
    return draw(alt.layer(*layers).properties(width=WIDTH - 70, height=260))


def heat(rows: Rows, names: Sequence[str]) -> Markup:
    """Rows of each class by the class they were taken for; `rows` have truth, predicted, shade, text."""
    import altair as alt

    step = 26 if len(names) > 8 else 34
    x = alt.X(
        "predicted:N",
        sort=list(names),
        title="predicted",
        axis=alt.Axis(orient="top", labelAngle=-45, labelLimit=110, grid=False),
    )
    y = alt.Y("truth:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=130, grid=False))
    base = alt.Chart(_data(rows)).encode(x=x, y=y)
    strong = "datum.shade > 0.55"
    chart = alt.layer(
        base.mark_rect(stroke=RULE, strokeWidth=1).encode(
            color=alt.condition("datum.truth == datum.predicted", alt.value(OWN), alt.value(SECOND)),
            fillOpacity=alt.FillOpacity("shade:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None),
        ),
        base.mark_text(fontSize=11).encode(
            text="text:N", color=alt.condition(strong, alt.value(PAPER), alt.value(INK))
        ),
    )
    return draw(chart.properties(width=alt.Step(step), height=alt.Step(step)))


def draw(chart: Any) -> Markup:
    """The chart as an SVG element, with nothing in it but shapes and escaped text; reaches no network."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(chart.to_dict(), config=THEME, allowed_base_urls=[])
    # Inline SVG needs no namespaces; without them the page holds no address at all.
    bare = re.sub(r'\sxmlns(?::\w+)?="[^"]*"', "", svg, count=2)
    root = ET.fromstring(bare)  # noqa: S314 - written by our own renderer, which emits no entities
    _strip(root)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - text was escaped by the serializer


def _strip(element: ET.Element) -> None:
    """Drop what only the renderer needs, over half of the bytes; ValueError for any element that does not draw."""
    if element.tag not in TAGS:
        raise ValueError(f"a chart has no place for <{element.tag}>")
    for name in list(element.attrib):
        if name in DROPPED or name.startswith(("aria-", "xlink", "{", "on")) or name == "href":
            del element.attrib[name]
    for child in list(element):
        _strip(child)
        hollow = child.get("d", "-") in ("", "M0,0h0v0h0Z") or child.get("display") == "none"
        if hollow or (child.tag == "g" and not len(child)):
            element.remove(child)


def _data(rows: Rows) -> Any:
    """`rows` as a chart's inline data."""
    import altair as alt

    return alt.Data(values=list(rows))


def _end(name: str, scale: Any, title: str) -> Any:
    """The x of a layer beside the dots; a layer without the same title would take the axis's title away."""
    import altair as alt

    return alt.X(f"{name}:Q", scale=scale, title=title)


def _plot(names: Sequence[str]) -> int:
    """Width left for the plot when the longest name stands to its left, at about 7 px a character."""
    return WIDTH - min(176, 7 * max((len(name) for name in names), default=0) + 8) - 12


def _totals(rows: Rows, names: Sequence[str]) -> list[float]:
    """The sum of the values of each name, in the order of `names`."""
    return [sum(row["value"] for row in rows if row["name"] == name) for name in names]


def _index(groups: Sequence[str], row: dict[str, Any]) -> int:
    """The position of the row's group, 0 where there are no groups; ValueError for a group that is none of them."""
    return groups.index(row["group"]) if groups else 0
