"""English words that join others and say little of a topic.

Left out before pairs are formed, so that "detection of small objects" gives "detection small" and
"small objects". Models are kept with them: a change of this list is a change of every linear model.
"""

_ARTICLES_AND_DETERMINERS = (
    "an the this that these those each every either neither both all any some no none such same "
    "other others another many much more most few less least several own enough"
)
_PRONOUNS = (
    "he him his himself she her hers herself it its itself we us our ours ourselves you your yours "
    "yourself yourselves they them their theirs themselves me my mine myself one who whom whose "
    "which what whatever whoever anyone anything everyone everything someone something nobody "
    "nothing"
)
_PREPOSITIONS = (
    "of in on at by for with without within from to into onto upon over under above below between "
    "among amongst through throughout during before after since until till against toward towards "
    "about across along around behind beside besides beyond despite down up off out per via as "
    "like near than"
)
_CONJUNCTIONS = (
    "and or nor but yet so if then else because although though while whereas whether unless once "
    "when whenever where wherever why how however therefore thus hence moreover furthermore also "
    "too"
)
_VERBS = (
    "am is are was were be been being has have had having do does did doing done can could may "
    "might must shall should will would cannot become becomes became get gets got give given made "
    "make makes take seem seems seemed"
)
_ADVERBS = (
    "not only very just even still already again always never often sometimes usually almost quite "
    "rather perhaps indeed namely mostly here there now later first last further together alone "
    "else ever well back etc eg ie"
)

FUNCTION_WORDS = frozenset(
    " ".join(
        (
            _ARTICLES_AND_DETERMINERS,
            _PRONOUNS,
            _PREPOSITIONS,
            _CONJUNCTIONS,
            _VERBS,
            _ADVERBS,
        )
    ).split()
)
