"""Conversations that a chat template would render wrong, or that teach nothing.

Kinds carry the names of OpenAI's own validator where it has one (cookbook, "Data preparation and analysis for chat
model fine-tuning"): ``missing_messages_list``, ``unrecognized_role``, ``missing_content``,
``example_missing_assistant_message``. Ours are ``roles_out_of_order`` (two users or two assistants in a row, an answer
before a question) and ``ends_without_answer``. Records whose form is broken (``data_type``, ``message_missing_key``)
never become rows: intake sets them aside.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked, Severity
from tunewright.core.frozen import Frozen


class Options(Frozen):
    """Which speakers a conversation may have."""

    roles: tuple[str, ...] = Field(
        ("system", "user", "assistant", "tool"), description="Roles that the chat template knows."
    )


#: kind -> severity, message, fix
KINDS: dict[str, tuple[Severity, str, str | None]] = {
    "missing_messages_list": ("blocking", "the conversation has no turns", "drop"),
    "example_missing_assistant_message": ("blocking", "nobody answers: there is no assistant turn", "drop"),
    "unrecognized_role": ("blocking", "turn {turn} is said by {seen!r}, which the template does not know", None),
    "missing_content": ("blocking", "turn {turn} ({seen}) is empty", None),
    "roles_out_of_order": ("warning", "turn {turn} ({seen}) does not follow what was said before it", None),
    "ends_without_answer": ("info", "the last turn is said by {seen!r}; what follows it is not taught", None),
}


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows whose conversation is out of form, each with the first turn that is."""
    if corpus.dataset.task == "classify":
        raise NotChecked("the rows are texts with labels, not conversations")
    rows = corpus.scan("row", "messages").collect()
    turns = _turns(rows)
    strangers = turns.filter(~pl.col("role").is_in(options.roles))
    hits = {
        "missing_messages_list": rows.filter(pl.col("messages").list.len().fill_null(0) == 0).select("row"),
        "example_missing_assistant_message": turns.filter(~(pl.col("role") == "assistant").any().over("row")).select(
            pl.col("row").unique()
        ),
        "unrecognized_role": _first(strangers),
        "missing_content": _first(turns.filter(pl.col("content").fill_null("").str.strip_chars() == "")),
        # Who follows whom cannot be told while it is not known who speaks.
        "roles_out_of_order": _first(_out_of_order(turns.join(strangers, on="row", how="anti", maintain_order="left"))),
        "ends_without_answer": turns.filter(
            (pl.col("turn") == pl.col("turn").max().over("row"))
            & (pl.col("role") != "assistant")
            & (pl.col("role") == "assistant").any().over("row")
        ).select("row", "turn", seen="role"),
    }
    return tuple(
        Finding.of(hits[kind], check="chat_format", kind=kind, severity=severity, message=message, fix=fix)
        for kind, (severity, message, fix) in KINDS.items()
        if hits[kind].height
    )


def _turns(rows: pl.DataFrame) -> pl.DataFrame:
    """One line a turn: `row`, `turn` (from 1), `role`, `content`."""
    spoken = rows.filter(pl.col("messages").list.len() > 0).explode("messages").unnest("messages")
    return spoken.select("row", pl.int_range(1, pl.len() + 1).over("row").alias("turn"), "role", "content")


def _out_of_order(turns: pl.DataFrame) -> pl.DataFrame:
    """User and assistant turns that repeat the speaker before them, and answers before any question."""
    spoken = turns.filter(pl.col("role").is_in(["user", "assistant"])).with_columns(
        # A tool's result between two assistant turns is part of one answer.
        tools=(pl.col("turn") - pl.col("turn").shift(1).over("row")) > 1,
        before=pl.col("role").shift(1).over("row"),
    )
    again = (pl.col("role") == pl.col("before")) & ~((pl.col("role") == "assistant") & pl.col("tools"))
    early = (pl.col("role") == "assistant") & pl.col("before").is_null()
    return spoken.filter(again | early)


def _first(turns: pl.DataFrame) -> pl.DataFrame:
    """The first of the turns of each row, and who says it."""
    return turns.unique("row", keep="first", maintain_order=True).select("row", "turn", seen="role")
