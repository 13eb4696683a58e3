"""Cut quoted replies, forwarded mails, signatures and disclaimers off a message.

What is recognized, and why: `text/quotes.py`. A message that is nothing but a quotation stays as it is.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.texts import mended
from tunewright.text.quotes import own_words, without_replies, without_signatures

#: After the encoding and the markup are mended, which is when lines and signs can be told.
STAGE = 2.5


class Options(Frozen):
    """What is cut."""

    replies: bool = Field(True, description="Cut quoted replies and forwarded mails.")
    signatures: bool = Field(True, description="Cut signatures, lines of mail programs and confidentiality notices.")


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """Each message of the finding in its writer's own words."""
    if options.replies and options.signatures:
        return mended(corpus, finding, own_words, "cut: quoted replies, signatures and notices")
    if options.replies:
        return mended(corpus, finding, without_replies, "cut: quoted replies")
    if options.signatures:
        return mended(corpus, finding, without_signatures, "cut: signatures and notices")
    return mended(corpus, finding, lambda texts: texts, "")
