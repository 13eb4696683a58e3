"""The fingerprint of a chat template: how five fixed chats are rendered, to find out where it would be otherwise.

A model that is asked in another template than it was trained in answers worse without any error (26 % against 57 % in
LlamaFactory's issue 2509). So the ids of the probes are kept with the model, and whoever serves it renders them again.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tunewright.core.errors import UserError
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.models.chat import Message, asked

TEMPLATE_FILE = "template.json"
#: Changing a probe makes every kept fingerprint another one.
PROBES: dict[str, tuple[Message, ...]] = {
    "question": ({"role": "user", "content": "Where is my card?"},),
    "system": (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where is my card?"},
    ),
    "dialogue": (
        {"role": "user", "content": "Where is my card?"},
        {"role": "assistant", "content": "It was sent on Monday."},
        {"role": "user", "content": "And the PIN?"},
    ),
    "spaces": ({"role": "user", "content": "  two  spaces\n\tand a tab \n"},),
    "letters": ({"role": "user", "content": "Größe 10 µm – 100 € für Łódź, 東京 🙂 </s><|end|>"},),
}
#: Some templates write today's date; in a probe it is always this one.
PROBE_DATE = "01 Jan 2026"


class Probe(Frozen):
    """One rendered chat that waits for an answer.

    Attributes:
        name: which of :data:`PROBES`.
        ids: its token ids; None where the template refuses such a chat.
        refused: what the template said then.
    """

    name: str
    ids: tuple[int, ...] | None
    refused: str = ""


class Template(Frozen):
    """A chat template as one tokenizer renders it.

    Attributes:
        text: the template itself.
        sha256: digest of that text.
        probes: the token ids of the fixed chats.
    """

    text: str
    sha256: str
    probes: tuple[Probe, ...]

    def keep(self, folder: Path) -> None:
        """Write it into a model folder."""
        publish_text(folder / TEMPLATE_FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def kept(cls, folder: Path) -> "Template | None":
        """The one in a model folder, if there is one."""
        path = folder / TEMPLATE_FILE
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None


def template_of(tokenizer: Any) -> Template:
    """The fingerprint of `tokenizer`'s chat template."""
    text = str(tokenizer.get_chat_template())
    return Template(
        text=text,
        sha256=f"sha256:{sha256(text.encode()).hexdigest()}",
        probes=tuple(_probe(tokenizer, name, chat) for name, chat in PROBES.items()),
    )


def template_differences(recorded: Template, tokenizer: Any) -> tuple[str, ...]:
    """In which ways `tokenizer` renders chats otherwise than `recorded` says, a sentence each; none when alike."""
    if not tokenizer.chat_template:
        return ("The tokenizer has no chat template.",)
    now = template_of(tokenizer)
    lines = []
    if now.sha256 != recorded.sha256:
        lines.append(f"The template's text is another one ({now.sha256[7:19]}, was {recorded.sha256[7:19]}).")
    rendered = {probe.name: probe for probe in now.probes}
    lines += [_difference(probe, rendered[probe.name]) for probe in recorded.probes if probe.name in rendered]
    lines += [f"The probe {probe.name!r} is unknown here." for probe in recorded.probes if probe.name not in rendered]
    return tuple(line for line in lines if line)


def loaded_differences(folder: Path) -> tuple[str, ...]:
    """:func:`template_differences` of the model in `folder`; none where no fingerprint was kept with it."""
    recorded = Template.kept(folder)
    if recorded is None:
        return ()
    from transformers import AutoTokenizer
    from transformers.utils import logging

    from tunewright.models.encoder import quiet

    with quiet(logging):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return template_differences(recorded, tokenizer)


def _probe(tokenizer: Any, name: str, chat: Sequence[Message]) -> Probe:
    try:
        return Probe(name=name, ids=tuple(asked(tokenizer, chat, strftime_now=lambda _: PROBE_DATE)))
    except UserError as refused:
        return Probe(name=name, ids=None, refused=refused.what)


def _difference(was: Probe, now: Probe) -> str:
    if was.ids == now.ids:
        return ""
    if was.ids is None or now.ids is None:
        verb = "refused, and is rendered now" if was.ids is None else f"rendered, and is refused now: {now.refused}"
        return f"The probe {was.name!r} was {verb}."
    places = [at for at, (old, new) in enumerate(zip(was.ids, now.ids, strict=False)) if old != new]
    at = places[0] if places else min(len(was.ids), len(now.ids))
    here, there = (str(ids[at]) if at < len(ids) else "nothing" for ids in (now.ids, was.ids))
    return (
        f"The probe {was.name!r} is {len(now.ids)} tokens, was {len(was.ids)}; "
        f"the first other one is token {at + 1}: {here}, was {there}."
    )
