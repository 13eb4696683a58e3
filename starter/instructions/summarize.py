"""Short summaries: of a customer's message, of a dialogue, of a passage, as a sentence, a title or points."""
# ruff: noqa: E501 (sentences read better on one line)

from starter.instructions import reading
from starter.instructions.draw import Draw, upper_first
from starter.instructions.facts import Chat, background, issues, letter, service, stands


def ticket(draw: Draw) -> Chat:
    """A long message in one sentence."""
    issue, facts = draw.one(issues()), service(draw)
    text = letter(draw, issue, facts)
    # A summary may only tell what the message tells.
    possible = [
        one for one in issue.sum if all(stands(value, text) for key, value in facts.items() if "{" + key + "}" in one)
    ]
    if not possible:
        text = " ".join((text, draw.fill(draw.one(issue.says), facts)))
        possible = [one for one in issue.sum if all(stands(v, text) for k, v in facts.items() if "{" + k + "}" in one)]
    answer = draw.fill(draw.one(possible), facts) if possible else f"The customer writes about {issue.desc}."
    ask = draw.one(
        (
            f"Summarize this message in one sentence.\n\n{text}",
            f"{text}\n\nWhat does the customer want? One sentence.",
            f"Give a short summary of the ticket: {text}",
            f"Ticket: {text}\nSummary:",
            f"In a few words, what is this about?\n\n{text}",
        )
    )
    return [("user", ask), ("assistant", answer)]


def subject(draw: Draw) -> Chat:
    """A subject line."""
    issue, facts = draw.one(issues()), service(draw)
    text = letter(draw, issue, facts)
    answer = upper_first(issue.label)
    if facts["order"] in text:
        answer += f" (order {facts['order']})"
    ask = draw.one(
        (
            f"Write a subject line for this email.\n\n{text}",
            f"{text}\n\nSubject:",
            f"Give this ticket a title.\n\n{text}",
        )
    )
    return [("user", ask), ("assistant", answer)]


def dialogue(draw: Draw) -> Chat:
    """A talk between customer and agent, with what was wanted and what was answered."""
    issue, facts = draw.one(issues()), service(draw)
    want, gave = draw.fill(draw.one(issue.says), facts), draw.fill(draw.one(issue.reply), facts)
    lines = [f"Customer: {draw.fill('[Hello.|Good morning.|Hi, is somebody there?]')} {want}"]
    if draw.chance(0.6):
        lines += [
            f"Agent: {draw.fill('[May I have your name?|Who am I speaking with?|Could you tell me your name, please?]')}",
            f"Customer: {facts['name']}.",
        ]
    if draw.chance(0.4):
        lines += [f"Customer: {background(draw, facts)}"]
    lines += [f"Agent: {gave}", draw.fill("Customer: [Thank you.|Good, thanks.|All right.|That helps, thank you.]")]
    text = "\n".join(lines)
    answer = f"The customer writes about {issue.desc}. The agent says: {gave}"
    if draw.chance(0.5):
        answer = f"Customer: {issue.desc}.\nAgent: {gave}"
        ask = f"Summarize the dialogue in two lines, one for the customer and one for the agent.\n\n{text}"
    else:
        ask = draw.one((f"Summarize this conversation.\n\n{text}", f"{text}\n\nSummarize the conversation above."))
    return [("user", ask), ("assistant", answer)]


def points(draw: Draw) -> Chat:
    """A passage as bullet points, one per fact."""
    known = draw.one(reading.KINDS)(draw)
    told = draw.some(known, draw.between(2, 5))
    text = reading.passage(draw, told)
    answer = "\n".join(f"- {fact.whole}" for fact in told)
    ask = draw.one(
        (
            f"List the main points as bullets.\n\n{text}",
            f"{text}\n\nTurn this into bullet points.",
            f"Bullet points, please: {text}",
        )
    )
    return [("user", ask), ("assistant", answer)]
