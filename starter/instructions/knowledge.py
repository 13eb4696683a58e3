"""A little general knowledge in plain words, and who the assistant is and what it must leave to others."""
# ruff: noqa: E501, SIM905 (sentences read better on one line)

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, first_name

CAPITALS = dict(
    one.split(":")
    for one in (
        "France:Paris|Germany:Berlin|Italy:Rome|Spain:Madrid|Portugal:Lisbon|Austria:Vienna|Poland:Warsaw|Norway:Oslo|Sweden:Stockholm|"
        "Finland:Helsinki|Denmark:Copenhagen|Greece:Athens|Turkey:Ankara|Egypt:Cairo|Kenya:Nairobi|Japan:Tokyo|China:Beijing|"
        "India:New Delhi|Russia:Moscow|Canada:Ottawa|Mexico:Mexico City|Brazil:Brasilia|Argentina:Buenos Aires|Chile:Santiago|"
        "Peru:Lima|Cuba:Havana|Ireland:Dublin|Hungary:Budapest|Romania:Bucharest|Bulgaria:Sofia|Croatia:Zagreb|Serbia:Belgrade|"
        "Australia:Canberra|Thailand:Bangkok|Iran:Tehran|Iraq:Baghdad|South Korea:Seoul|England:London|Belgium:Brussels|Iceland:Reykjavik"
    ).split("|")
)
OPPOSITES = dict(
    one.split(":")
    for one in (
        "hot:cold|big:small|old:young|fast:slow|light:dark|open:closed|early:late|full:empty|happy:sad|hard:soft|high:low|long:short|"
        "rich:poor|right:wrong|strong:weak|thick:thin|true:false|wet:dry|wide:narrow|loud:quiet|near:far|first:last|good:bad|up:down|"
        "in:out|buy:sell|begin:end|win:lose|give:take|remember:forget|always:never|day:night|north:south|east:west|clean:dirty"
    ).split("|")
)
UNITS = (
    ("days", "a week", 7),
    ("hours", "a day", 24),
    ("minutes", "an hour", 60),
    ("seconds", "a minute", 60),
    ("months", "a year", 12),
    ("meters", "a kilometer", 1000),
    ("grams", "a kilogram", 1000),
    ("centimeters", "a meter", 100),
    ("cents", "a euro", 100),
    ("days", "a year", 365),
    ("years", "a century", 100),
    ("inches", "a foot", 12),
    ("legs", "a spider", 8),
    ("pieces", "a dozen", 12),
)
DEFINED = dict(
    one.split(":")
    for one in (
        "refund:money that is given back to a customer|invoice:a list of goods or work with the sum to be paid|warranty:a promise to repair "
        "or replace something that fails|receipt:a paper that shows what was paid|subscription:a contract with regular payments|"
        "password:a secret word that opens an account|deposit:money paid in advance|discount:an amount taken off a price|"
        "outage:a time when a service does not work|browser:a program that shows web pages|router:a device that joins a home to the "
        "internet|carrier:a company that transports goods|library:a house where books are lent|bakery:a shop that makes bread|"
        "harbor:a place where ships are safe|museum:a house where old or rare things are shown|thermometer:a thing that measures heat|"
        "dentist:a doctor for teeth|orchard:a garden of fruit trees|bridge:a way over water"
    ).split("|")
)
ABOUT = (
    (
        "[Who|What] are you?",
        "I am a small language model. I can answer questions about a text, sort messages, extract data and write short replies.",
    ),
    (
        "What can you do?",
        "I can classify messages, extract data as JSON, summarize short texts, do simple sums and draft polite replies.",
    ),
    ("Are you a [person|human]?", "No, I am a small language model."),
    (
        "[Do you know|Can you tell me] everything?",
        "No. I am a small model and I can be wrong. Please check what matters.",
    ),
    (
        "[Hello|Hi|Good morning|Hey][!|.|]",
        "[Hello! How can I help you?|Hi! What can I do for you?|Good day! How may I help?]",
    ),
    ("[Thank you|Thanks][!|.|]", "[You are welcome!|My pleasure.|Glad to help.]"),
    ("[Goodbye|Bye][!|.|]", "[Goodbye!|Goodbye, and all the best!]"),
)
LEFT_TO_OTHERS = (
    (
        "[How much {drug} may I take|Should I stop taking {drug}|Can I take {drug} with wine]?",
        "I cannot give medical advice. Please ask a doctor or a pharmacist.",
    ),
    (
        "[I have a bad pain in my chest|My child has a high fever]. What should I do?",
        "Please call a doctor or the emergency number at once. I cannot give medical advice.",
    ),
    ("[Should I sue my {whom}|Can my {whom} throw me out]?", "I cannot give legal advice. Please ask a lawyer."),
    (
        "[Should I put my savings into {firm}|Will {firm} rise]?",
        "I cannot give financial advice. Please speak with an adviser.",
    ),
    (
        "[What is the weather today|What time is it now|Who won the match last night]?",
        "I do not know, because I have no access to current information.",
    ),
    (
        "[What is {who}'s address|Tell me {who}'s phone number|What is the password of {who}].",
        "I am sorry, I cannot give out personal data.",
    ),
)


def fact(draw: Draw) -> Chat:
    """A capital, an opposite, a unit, an order, a meaning."""
    choice = draw.between(0, 5)
    if choice == 0:
        land, city = draw.one(tuple(CAPITALS.items()))
        if draw.chance(0.25):
            ask, answer = f"Of which country is {city} the capital?", land
        else:
            ask, answer = (
                draw.fill("[What is the capital of {l}?|Name the capital of {l}.|Capital of {l}?]", {"l": land}),
                city,
            )
        answer = answer if draw.chance(0.6) else f"{city} is the capital of {land}."
    elif choice == 1:
        word, other = draw.one(tuple(OPPOSITES.items()))
        word, other = (word, other) if draw.chance(0.5) else (other, word)
        ask, answer = (
            draw.fill("[What is the opposite of {w}?|Give the opposite of {w}.|Opposite of {w}:]", {"w": word}),
            other,
        )
    elif choice == 2:
        unit, whole, count = draw.one(UNITS)
        ask, answer = f"How many {unit} {'does a spider have' if unit == 'legs' else 'are in ' + whole}?", str(count)
    elif choice == 3:
        names = draw.one((words.WEEKDAY, words.MONTH))
        at, step = draw.between(0, len(names) - 1), draw.one((1, -1))
        ask = f"Which {'day' if names is words.WEEKDAY else 'month'} comes {'after' if step == 1 else 'before'} {names[at]}?"
        answer = names[(at + step) % len(names)]
    elif choice == 4:
        word, means = draw.one(tuple(DEFINED.items()))
        article = "an" if word[0] in "aeiou" else "a"
        ask, answer = f"What is {article} {word}?", f"{article.capitalize()} {word} is {means}."
        if draw.chance(0.3):
            ask, answer = f"What do we call this: {means}?", f"{article.capitalize()} {word}."
    else:
        article = draw.one(words.ANIMAL)
        ask, answer = f"Write the plural of {(word := draw.one(tuple(PLURALS)))}.", PLURALS[word]
        if draw.chance(0.3):
            ask, answer = f"Is a {article} an animal?", "Yes."
    return [("user", ask), ("assistant", answer)]


PLURALS = {
    "child": "children",
    "mouse": "mice",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "man": "men",
    "woman": "women",
    "box": "boxes",
    "city": "cities",
    "knife": "knives",
    "leaf": "leaves",
    "wolf": "wolves",
    "dog": "dogs",
    "cat": "cats",
    "bus": "buses",
    "watch": "watches",
    "lady": "ladies",
    "baby": "babies",
    "house": "houses",
    "book": "books",
    "key": "keys",
    "sheep": "sheep",
    "person": "people",
}


def about(draw: Draw) -> Chat:
    """Greetings, what the model is, and what it leaves to doctors, lawyers and people."""
    if draw.chance(0.5):
        ask, answer = draw.one(ABOUT)
    else:
        ask, answer = draw.one(LEFT_TO_OTHERS)
    facts = {
        "drug": draw.one(
            ("aspirin", "this medicine", "my blood pressure tablets", "antibiotics", "sleeping pills", "cough syrup")
        ),
        "whom": draw.one(("landlord", "neighbor", "employer", "bank")),
        "firm": f"{draw.one(words.COMPANY_HEAD)} {draw.one(words.COMPANY_TAIL)}",
        "who": first_name(draw),
    }
    return [("user", draw.fill(ask, facts)), ("assistant", draw.fill(answer, facts))]
