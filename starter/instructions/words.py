"""Our own word lists; an entry may itself be a template."""
# ruff: noqa: SIM905, E501 (lists of words read better as lines)

FIRST = tuple(
    "Ada Adam Aisha Alan Alba Alex Alice Amara Amir Ana Andre Anita Anton Arthur Asha Ben Bianca Boris Bruno Carla Carlos Cecil "
    "Chen Clara Colin Dana Daniel Daria David Deepa Diego Dora Edith Edwin Elena Eli Elsa Emil Emma Eric Esther Eva Farah Felix "
    "Fiona Frank Freya Gabriel Gina Grace Greta Hana Harold Hassan Helen Henry Hiro Hugo Ida Ines Irene Isaac Ivan Ivy Jack "
    "Jamal James Jana Jin Joan Jonas Jorge Joy Judith Julia Kai Karim Karl Kate Kemal Kofi Lara Laura Lena Leo Liam Lila Linda "
    "Lucia Lukas Mabel Maja Malik Marco Maria Mark Marta Maya Mei Mina Mira Mohan Monica Nadia Naomi Neil Nina Noah Nora Olga "
    "Oliver Omar Oscar Otto Pablo Paula Pedro Petra Philip Priya Quinn Rachel Rafael Raj Rita Robert Rosa Ruth Sabine Sam Sara "
    "Selma Simon Sofia Sonia Stefan Susan Tara Theo Thomas Tina Tom Ulla Uma Vera Victor Vivian Walter Wanda Wei Will Yara "
    "Yasmin Yuki Yusuf Zara Zoe".split()
)
LAST = tuple(
    "Abbott Adler Ahmed Alvarez Andersen Arnold Baker Banks Barnes Becker Bell Bennett Berg Bishop Blake Brandt Brook Burke "
    "Carter Castro Chandra Clarke Cole Conti Costa Cruz Dale Darby Das Diaz Dixon Doyle Drake Duarte Eaton Ekman Ellis Evans "
    "Farrell Fischer Fleming Flores Foster Fox Garcia Gibson Glenn Gomez Grant Gray Green Gupta Haas Hale Hansen Harper Hayes "
    "Herrera Hill Holt Hughes Ibrahim Ito Jansen Jensen Jones Kane Kaplan Keller Khan Kim King Klein Kowalski Kruger Lambert "
    "Lang Larsen Lee Lewis Lopez Lund Marsh Martin Mason Meyer Mills Moore Moreno Morris Nakamura Nash Nguyen Novak Nunez "
    "Okafor Olsen Ortega Owen Palmer Park Patel Perez Petrov Pierce Price Quinn Ramos Reed Reyes Rossi Roth Russo Sand Sato "
    "Schmidt Shaw Silva Singh Stein Stone Suzuki Tanaka Taylor Torres Tran Turner Vance Vega Vogel Wagner Walsh Ward Weber "
    "West White Wolf Wong Wood Yang York Young Zhang Ziegler".split()
)
CITY = tuple(
    "Aberdeen Austin Baltimore Barcelona Bath Bergen Berlin Boston Bristol Brussels Cairo Calgary Cardiff Chicago Cologne "
    "Dallas Delhi Denver Dublin Durham Edinburgh Fresno Geneva Genoa Ghent Glasgow Graz Hamburg Hanover Helsinki Houston "
    "Istanbul Jakarta Kyoto Lagos Leeds Leipzig Lima Lisbon Liverpool London Lyon Madrid Malmo Manchester Melbourne Milan "
    "Montreal Munich Nairobi Naples Nice Oakland Osaka Oslo Ottawa Oxford Paris Perth Phoenix Porto Portland Prague Quito "
    "Reno Riga Rome Rotterdam Salem Seattle Seville Sofia Stockholm Sydney Tampa Tokyo Toronto Tucson Turin Utrecht Valencia "
    "Vancouver Vienna Warsaw York Zurich".split()
)
STREET = tuple(
    "Ash Birch Bridge Canal Castle Cedar Chapel Cherry Church Clay Corn Dock Elm Ferry Field Forest Garden Glen Grove Harbor "
    "Hazel High Hill Juniper King Lake Laurel Lime Linden Long Maple Market Meadow Mill North Oak Olive Orchard Park Pearl "
    "Pine Pond Queen River Rose Sand School South Spring Station Stone Sun Temple Tower Union Valley Victoria Walnut Water "
    "West Willow Wood".split()
)
MONTH = "January February March April May June July August September October November December".split()
WEEKDAY = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
GOODS = tuple(
    "kettle|toaster|desk lamp|office chair|wool coat|winter jacket|running shoes|rain boots|backpack|suitcase|phone case|tablet|laptop|"
    "keyboard|wireless mouse|monitor|printer|camera|headphones|speaker|smart watch|alarm clock|coffee machine|blender|rice cooker|"
    "frying pan|knife set|dinner plates|wine glasses|bath towels|bed sheets|pillow|mattress|blanket|curtains|rug|bookshelf|"
    "garden hose|lawn mower|tool box|drill|ladder|paint set|board game|puzzle|toy train|doll house|bicycle|bike helmet|tent|"
    "sleeping bag|water bottle|yoga mat|tennis racket|football|guitar|violin|notebook|fountain pen|calendar|novel|cook book|"
    "face cream|shampoo|hair dryer|razor|perfume|necklace|silver ring|sunglasses|leather belt|blue shirt|red dress|grey trousers|"
    "cotton socks|baby stroller|car seat|dog bed|cat tree|fish tank|plant pot|wall clock|mirror|sofa|dining table|vacuum cleaner|"
    "washing machine|dishwasher|air fryer|heater|fan|humidifier|electric toothbrush|thermometer|memory card|power bank|charger".split(
        "|"
    )
)
ANIMAL = "dog cat horse cow goat sheep rabbit fox wolf bear deer otter seal lion tiger zebra camel monkey mouse squirrel owl eagle crow duck goose hen sparrow frog snake turtle".split()
FRUIT = "apple pear plum peach cherry grape lemon orange melon mango banana fig apricot kiwi lime pineapple raspberry strawberry".split()
VEGETABLE = "carrot onion potato cabbage pea bean leek spinach pepper cucumber pumpkin radish turnip celery broccoli garlic".split()
TOOL = "hammer saw drill wrench chisel pliers screwdriver spade rake axe ladder file".split()
VEHICLE = "car bus train tram bicycle truck van boat ship plane scooter motorcycle ferry".split()
CLOTHING = "shirt coat scarf hat glove sock shoe boot dress skirt jacket belt sweater".split()
COLOR = "red blue green yellow black white brown grey purple orange pink silver golden".split()
FURNITURE = "chair table bed sofa desk shelf wardrobe stool bench cupboard".split()
INSTRUMENT = "violin piano flute guitar drum trumpet harp cello clarinet organ".split()
JOB = tuple(
    "teacher|nurse|carpenter|baker|engineer|farmer|lawyer|painter|pilot|librarian|mechanic|tailor|gardener|doctor|cook|sailor|"
    "journalist|architect|dentist|electrician|plumber|accountant|actor|chemist|photographer|shopkeeper|clerk|driver|editor|"
    "potter|printer|singer|watchmaker|translator|beekeeper|fisherman|surveyor|postman".split("|")
)
HOBBY = tuple(
    "painting boats|collecting stamps|playing chess|baking bread|growing roses|riding horses|repairing clocks|singing in a choir|"
    "reading maps|watching birds|walking in the hills|swimming in the lake|writing letters|playing the piano|keeping bees|"
    "building model ships|learning languages|cooking for friends|telling stories|climbing mountains".split("|")
)
PLACE = tuple(
    "library|museum|bakery|harbor|market|school|station|theater|garden|mill|bridge|lighthouse|chapel|factory|hospital|inn|"
    "workshop|town hall|post office|bookshop|swimming pool|observatory|farm|vineyard|castle|zoo".split("|")
)
ADJECTIVE = tuple(
    "old small large quiet busy bright dark narrow wide clean dusty famous plain strange pleasant cold warm simple lovely empty "
    "crowded modern wooden tall broken heavy light early late kind clever brave tired cheerful patient".split()
)
ADVERB = "slowly quickly quietly loudly carefully gladly often rarely sometimes suddenly gently bravely".split()
NOUN = tuple(
    "letter lamp window door road river garden ticket basket coin stone candle bottle picture song story clock key rope box map "
    "ring bell flag mirror table cup plate book chair ladder wheel bridge tree leaf cloud star storm island village kitchen "
    "engine pencil button pocket paper wall roof field corner evening winter journey answer question".split()
)
VERB = tuple(
    "found lost carried opened closed painted repaired bought sold watched cleaned moved counted borrowed kept dropped hid admired".split()
)
COMPANY_HEAD = tuple(
    "Alder Amber Apex Arbor Aster Atlas Beacon Birch Blue Bright Cedar Clear Cobalt Copper Crest Delta Ember Falcon Fern Flint "
    "Harbor Hazel Heron Iris Juniper Kestrel Lark Linden Lumen Maple Marlin Meridian Mint Nimbus North Nova Oak Onyx Opal Orchid "
    "Otter Pine Pixel Quartz Raven River Sable Sage Silver Solar Sparrow Summit Swift Tidal Umbra Vale Vector Violet Willow "
    "Zephyr".split()
)
COMPANY_TAIL = tuple(
    "Air|Airlines|Bank|Broadband|Cars|Cloud|Clinic|Credit|Dental|Energy|Express|Fashion|Finance|Fitness|Foods|Furniture|Gas|Goods|"
    "Grocers|Health|Home|Hotels|Insurance|Kitchen|Labs|Learning|Logistics|Market|Media|Mobile|Networks|Outfitters|Parcels|Pay|"
    "Pharmacy|Power|Rail|Security|Software|Sports|Store|Studio|Supply|Systems|Telecom|Toys|Travel|Water|Works".split(
        "|"
    )
)
SYLLABLE = tuple(
    "ba be bi bo bra da del den dor el fa fen gar gil ha hel is ja ka kel kor la len lin lo lu ma mar mel mi na nel no or pa pel ra ren ri ro sa sel so ta tel tor va ven vi wa wen yor za zen".split()
)
CURRENCY = ("$", "€", "£")
POSITIVE = tuple(
    "excellent|wonderful|very good|great|friendly and quick|just what I hoped for|a joy to use|well made|worth every cent|perfect|"
    "better than I expected|lovely|easy to set up|quick and reliable|a pleasure from start to end".split("|")
)
NEGATIVE = tuple(
    "terrible|very poor|disappointing|rude and slow|broken on the first day|a waste of money|badly made|useless|far too slow|"
    "worse than I feared|dirty and loud|hard to use|cheap and flimsy|nothing like the picture|a bad joke".split("|")
)
NEUTRAL = tuple(
    "all right|about average|as described|neither good nor bad|fine, nothing special|acceptable|what you would expect|ordinary|"
    "okay for the price|usable".split("|")
)

LISTS: dict[str, tuple[str, ...]] = {
    "first": FIRST,
    "last": LAST,
    "city": CITY,
    "goods": GOODS,
    "month": tuple(MONTH),
    "weekday": tuple(WEEKDAY),
    "job": JOB,
    "hobby": HOBBY,
    "place": PLACE,
    "adjective": ADJECTIVE,
    "noun": NOUN,
    "verb": VERB,
    "animal": tuple(ANIMAL),
    "color": tuple(COLOR),
    "adverb": tuple(ADVERB),
    "fruit": tuple(FRUIT),
    "good": POSITIVE,
    "bad": NEGATIVE,
    "so-so": NEUTRAL,
    "few": ("two", "three", "four", "five", "six", "several"),
    "opener": (
        "Hi,",
        "Hello,",
        "Hi there,",
        "Good morning,",
        "Good afternoon,",
        "Dear team,",
        "Dear Sir or Madam,",
        "Hey,",
        "Hello there,",
        "To whom it may concern,",
        "Hi team,",
        "Good evening,",
        "Dear support,",
        "Hello support team,",
        "",
        "",
        "",
        "",
    ),
    "closer": (
        "Thanks.",
        "Thank you.",
        "Please help.",
        "Please advise.",
        "Kind regards",
        "Best regards",
        "Many thanks in advance.",
        "I look forward to your answer.",
        "Can you help?",
        "What should I do?",
        "Please get back to me soon.",
        "Thanks a lot!",
        "Any help would be great.",
        "Please fix this.",
        "Regards",
        "Cheers",
        "Let me know.",
        "",
        "",
        "",
        "",
    ),
    "feeling": (
        "I am quite upset about this.",
        "This is very annoying.",
        "I am disappointed.",
        "I have been a customer for years.",
        "I have already written twice.",
        "I hope this can be sorted out soon.",
        "I am not angry, just confused.",
        "My family is waiting for this.",
        "I need this settled before the weekend.",
        "I tried the help pages first.",
        "Your colleague on the phone could not help.",
        "It has never happened before.",
        "I am rather busy, so a short answer is fine.",
        "This is the second time this year.",
        "I checked twice.",
        "I may be missing something simple.",
    ),
}
