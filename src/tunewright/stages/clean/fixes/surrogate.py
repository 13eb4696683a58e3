"""Replace personal data by invented values of the same form, one person always by the same.

Texts stay natural and people stay apart, and nobody can be found: see `clean/surrogates.py`. Keyed surrogates are the
same in every run of a project and pseudonymous in the sense of GDPR Article 4(5): whoever has the key can test a
guess. With ``mode: random`` the key is forgotten, which Safe Harbor asks for (45 CFR 164.514(c): no code derived from
the data that others can undo), and two runs differ.
"""

import hmac
import os
from hashlib import sha256
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.settings import CleanSettings
from tunewright.stages.clean.spans import replaced, spans
from tunewright.stages.clean.surrogates import surrogate

STAGE = 1
SAFE = False
KEY_VARIABLE = "TUNEWRIGHT_SURROGATE_KEY"
#: 128 bits: fewer could be tried out.
SHORTEST_KEY = 16


class Options(Frozen):
    """Where the key comes from."""

    mode: Literal["keyed", "random"] = Field(
        "keyed",
        description="keyed: the same surrogates in every run; random: another set in each, as Safe Harbor asks.",
    )
    key_file: str = Field("", description=f"File that holds the key; empty takes the environment's {KEY_VARIABLE}.")


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A surrogate for each span of the finding.

    Raises:
        UserError: E-CLEAN-002 when there is no key, or a short one.
    """
    parts = spans(corpus, finding)
    # The corpus' secret is the same for all that is cleaned in one go, so that people stay the same in it.
    key = corpus.secret if options.mode == "random" else _key(options)
    # An HMAC has no columnar form; each different value is computed once.
    values = parts.select("type", "part").unique().sort("type", "part")
    surrogates = [surrogate(kind, part, key) for kind, part in zip(values["type"], values["part"], strict=True)]
    known = values.with_columns(value=pl.Series(surrogates, dtype=pl.String))
    return replaced(parts.join(known, on=["type", "part"], how="left", maintain_order="left"))


def key_mark(settings: CleanSettings) -> str:
    """What tells two keys apart and gives nothing of them away; empty where no keyed surrogate is made."""
    if "surrogate" not in settings.use.values():
        return ""
    named = settings.fixes.get("surrogate")
    options = Options.model_validate({} if named in (None, True, False) else named)
    key, _ = _key_and_place(options)
    return "" if options.mode == "random" or not key else hmac.new(key, b"which key", sha256).hexdigest()[:16]


def _key_and_place(options: Options) -> tuple[bytes, str]:
    """The key, empty when there is none, and where it was looked for."""
    if not options.key_file:
        return os.environ.get(KEY_VARIABLE, "").encode(), KEY_VARIABLE
    path = Path(options.key_file).expanduser()
    return path.read_bytes().strip() if path.is_file() else b"", options.key_file


def _key(options: Options) -> bytes:
    key, where = _key_and_place(options)
    if options.key_file and not key:
        raise _no_key(f"There is no key in the file {options.key_file}.")
    if len(key) < SHORTEST_KEY:
        raise _no_key(
            f"{where} is not set." if not key else f"The key in {where} is shorter than {SHORTEST_KEY} bytes."
        )
    return key


def _no_key(what: str) -> UserError:
    return UserError(
        "E-CLEAN-002",
        what,
        why="Surrogates follow from a secret of the project; without it, anybody could test who is meant.",
        fix=f'export {KEY_VARIABLE}="$(openssl rand -hex 32)" and keep it, or set clean.fixes.surrogate.mode: random',
    )
