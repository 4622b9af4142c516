"""Intents: what a message wants to know of the fragments it names, by the words around the names, in English and Japanese.

Patterns search a message in lower case in which `@` stands for each name; the first intent whose pattern is found is meant.
"""

import re
from enum import StrEnum
from typing import Final

__all__ = [
    "Intent",
    "compares",
    "intent_of",
    "is_added",
    "is_explicit",
    "is_removed",
    "is_swap",
    "is_why",
    "kind_of",
    "limit_of",
]


class Intent(StrEnum):
    """What is asked."""

    SIMILAR = "similar"
    """Which fragments are most like one?"""
    COMPARE = "compare"
    """How alike are these, or what changes when one replaces the other?"""
    REPLACE = "replace"
    """What may stand in place of one?"""
    UNLIKE = "unlike"
    """What acts like one and looks different?"""
    ABOUT = "about"
    """What is known of one?"""
    COUNT = "count"
    """How many fragments, compounds, targets and runs are there?"""
    TARGETS = "targets"
    """Which targets are there, or which does one act on?"""
    PREDICT = "predict"
    """What would a molecule do?"""
    MEANING = "meaning"
    """What do the numbers mean?"""
    WHY = "why"
    """What is the answer before founded on?"""
    HELP = "help"
    """What can be asked?"""


_FRAGMENTS: Final = r"(?:fragments?|substructures?|functional groups?)"
_EXPLICIT: Final = re.compile(rf"\b{_FRAGMENTS}\b|フラグメント|断片")
_THINGS_EN: Final = (
    rf"(?:{_FRAGMENTS}|groups|targets?|proteins?|compounds?|molecules?|runs?|assays?|(?:training|factor) runs?|measurements?)"
)
_THINGS_JA: Final = r"(?:フラグメント|断片|ターゲット|標的|タンパク質?|蛋白質?|化合物|分子|ラン|実行|計算|学習|測定|データ)"
_LOOKS: Final = r"(?:look|structur|shape|skelet|scaffold|chemotype|appear|chemically|framework|topolog)\w*"
_OTHER: Final = (
    r"(?:differ|unlike|dissimilar|unrelated|distinct|novel|another|other"
    r"|nothing like|not (?:\w+ ){0,2}like|n't look|not its|not similar)\w*"
)
_LOOKS_JA: Final = r"(?:構造|見た目|見かけ|形状?|骨格|外見|姿|スキャフォールド)"
_OTHER_JA: Final = r"(?:違|異な|別|似て(?:い)?な|似ず|似ても似つか|離れ|ホッピング|ホップ|変換)"


def _any(*patterns: str) -> str:
    """A pattern that is found where one of these is."""
    return "|".join(patterns)


_WITH_NAME: Final = (
    (
        Intent.UNLIKE,
        _any(
            rf"{_LOOKS}[^.;]{{0,24}}{_OTHER}|{_OTHER}[^.;]{{0,16}}{_LOOKS}|(?:scaffold|core)[\s-]*hop\w*",
            rf"not (?:its |the )?(?:shape|look|structure)|{_LOOKS_JA}.{{0,14}}{_OTHER_JA}",
            rf"{_OTHER_JA}.{{0,4}}{_LOOKS_JA}|(?:っぽく|らしく|に(?:は)?見え)ない",
        ),
    ),
    (
        Intent.PREDICT,
        _any(
            r"\bpredict\w*|\bestimat\w*|\bpotenc\w*|\bp?ic50\b|\bpki\b|\baffinit\w*|expected activit\w*|activit\w+ of\b",
            r"how (?:active|potent|strong)\b|what (?:would|will|might) @ (?:do|hit|bind)|予測|予想|見積|効力|ic50",
            r"活性.{0,10}(?:どのくらい|どれくらい|なりそう|いくつ)",
            r"\b(?:active|activity|bind|binds|inhibit\w*|hit|hits) (?:on|against|at|to|of)? ?(?:any|some)\w*",
            r"何かに.{0,4}(?:活性|効|結合|作用)",
        ),
    ),
    (
        Intent.REPLACE,
        _any(
            r"\breplac\w*|\bsubstitut\w*|\bswap\w*|\bexchang\w*|\binterchang\w*|\b(?:bio)?isoster\w*|\binstead\b",
            r"\bin (?:the )?(?:place|lieu|stead)\b|\bin its (?:place|stead)|\balternativ\w*|\bstand[\s-]?ins?\b",
            r"\bstands? in\b|\bsurrogat\w*|\btakes? the place|\bswitch\w*|\bget rid of\b",
            r"\bturn(?:ing)? .{0,30}\binto\b|\bchang(?:e|ing) .{0,30}\b(?:in)?to\b|置き?換|置換|代わり|かわり",
            r"替わり|代替|代用|代役|交換|バイオアイソス|バイオイソス|等価体|生物学的等価|入れ替|差し?替|取り替",
            r"取り換|替え(?:る|れ|た|ら|て)|に変え(?:る|た|て|れ)|に変更|(?:を|から)@に(?:した|する|すると|変)",
            r"位置に入",
            r"@ ?(?:->|→|=>) ?@|^(?:(?:and|from|what about|how about) )*@ to @$|\bbecom(?:es?|ing)\b",
        ),
    ),
    (
        Intent.TARGETS,
        _any(
            r"\b(?:which|what|list|name|show|any|best)\b.{0,24}\b(?:targets?|proteins?|receptors?|enzymes?|kinases?)\b",
            r"\btargets? (?:of|for|does|do)\b|where (?:is|are|does|do) @ (?:\w+ )?(?:active|act|work|bind)",
            r"(?:active|act|acts|work|works|bind|binds) (?:best )?(?:on|against|at) (?:which|what)",
            r"(?:ターゲット|標的|タンパク|蛋白|受容体|酵素|キナーゼ)",
            r"(?:どこ|何|なに)(?:で|に)(?:.{0,4})(?:活性|効|働|作用|結合)",
        ),
    ),
    (
        Intent.COMPARE,
        _any(
            r"\bcompar\w*|\bversus\b|\bvs\b|\bdifferen\w*|\bsimilarit\w* (?:of|between)",
            r"how (?:much )?(?:\w+ )?(?:similar|alike|close|near|far|different|related)|比べ|比較|違い|差は|対@",
            r"どれ(?:くらい|ぐらい|ほど)似|どの(?:くらい|程度)似",
        ),
    ),
    (
        Intent.SIMILAR,
        _any(
            r"\bsimilar\w*|\balike\b",
            r"\b(?:is|are|'s|anything|something|fragments?|groups?|ones?|most|much"
            r"|more|acts?|behaves?|works?|looks?|stuff|things?|molecules?) like\b",
            r"^like @|\bclos(?:e|er|est)\b|\bnear(?:est|by)?\b|\bneighbou?rs?\b|\bresembl\w*|\brelat(?:ed|ives?)\b",
            r"\banalog\w*|\bcomparable\b|\bequivalen\w*|\bmimic\w*|\bmatch(?:es)?\b",
            r"\bsame (?:thing|effect|way|function|activity|as)\b|\bdoes the same|\bbehav\w*|\bcorrelat\w*|似|近い",
            r"近く|近傍|近さ|類似|類縁|そっくり|仲間|同じ(?:よう|働き|効果|作用|機能)|@.{0,6}みたい|同等|隣",
            r"アナログ|まね|真似|@のような",
        ),
    ),
    (
        Intent.ABOUT,
        _any(
            r"\babout\b|\bwhat(?:'s| is| are)\b|\binfo\w*|\bdescri\w*|\bdetails?\b|\bfacts?\b|\bknow\w*",
            r"\b(?:compounds?|molecules?) (?:contain|have|with)\w*|含(?:む|まれ|んで)",
            r"\bexplain\w*|\bdata\b|\bevidence\b|\bheard\b|\bgood for\b|\bshow\b|について|とは",
            r"って(?:何|なに|どんな)|情報|教えて|詳し|詳細|説明|解説|どんな|知って|データ",
        ),
    ),
)
_WITHOUT_NAME: Final = (
    (
        Intent.COUNT,
        _any(
            rf"\b(?:how many|number of|count)\b[^.?]{{0,28}}\b{_THINGS_EN}\b",
            r"\bhow (?:big|large) is (?:the|your) (?:data|run|model)",
            r"how (?:many times|often) (?:has|have|was|were) (?:the |your )?(?:model|data|run|fragments?)",
            rf"{_THINGS_JA}.{{0,14}}(?:いくつ|何個|何件|何種|何回|何本|の?総?数|どれ(?:くらい|だけ)ある)",
            rf"(?:いくつ|何個|何種類|何件)の{_THINGS_JA}|データの(?:規模|大きさ|量)|モデル.{{0,8}}何回",
            r"何回(?:学習|計算|実行)",
        ),
    ),
    (
        Intent.MEANING,
        _any(
            r"\b(?:what|explain|define|meaning|mean|how)\b.{0,40}(?:\bfunction(?:al(?:ly)?)?(?: similarit\w*"
            r"| score)?[\"'”’]?(?: mean\w*| stand\w*| supposed.*| here| really)*$|\bsimilar in function\b"
            r"|\bco-?assay\b|\bbalanced\b|\bsimilarit(?:y|ies) (?:mean\w*|calculat\w*|comput\w*|number\w*"
            r"|score\w*)|\bpercent(?:age)?s?\b|\b(?:the |90 % )?intervals?\b(?: mean\w*| stand.*)?$"
            r"|\bsupport mean\w*|\bfunction(?:al)? (?:similarity|score)\b|\bstructur\w* similarity\b)",
            r"\bwhat (?:does|do|is|are) (?!your)[\"'“‘]?function",
            r"(?:機能|ファンクション|function|類似度|区間|パーセント|%|構造類似|共測定|スコア).{0,14}(?:どういう|意味|とは|って(?:何|なに)|何を表|何です|どうやって|計算|定義|説明|どう求)",
        ),
    ),
    (
        Intent.TARGETS,
        _any(
            r"\b(?:which|what|list|name|show|tell me)\b.{0,24}\b(?:targets|proteins|receptors|enzymes)\b",
            r"(?:標的|ターゲット|タンパク質?|蛋白質?).{0,16}(?:一覧|どれ|何が|入って|教えて|リスト|名前|挙げて|答え|あります|ある\?)",
            r"(?:どの|どんな|何の)(?:標的|ターゲット|タンパク)",
        ),
    ),
)
_HELP: Final = re.compile(
    rf"\bwhat (?:can|could|may) (?:i|you|we) (?:ask|answer|tell|look up|do|say|know)\b.*(?:{_FRAGMENTS}|chemi\w*|molecul\w*)"
    rf"|\bwhat (?:can|may) i ask\b|^(?:which|what|list|show(?: me)?|tell me|are there|do you know|can you)\b.*\b{_FRAGMENTS}\b"
    r"|(?:フラグメント|断片|化学).{0,24}(?:聞け|答え|できる|できます|教えて|ある\?|ありますか|知って|何が|どんな|一覧)|何を聞け|何が聞け"
)
_WHY: Final = re.compile(
    r"^(?:but |and |ok(?:ay)?,? |hm+,? )*(?:why\b.*|how come\b.*|how so\b.*"
    r"|how (?:do|can|did) you (?:know|tell)\b.*|what makes you (?:say|think|so)\b.*"
    r"|(?:on|based on) what\b.*|(?:are|how) (?:you )?(?:so )?sure\b.*|how (?:certain|reliable"
    r"|sure)\b.*|what(?:'s| is) (?:the|your) (?:evidence|reason)\b.*|says who.*|really)$"
    r"|^(?:それは|これは|でも|え、?|へえ、?)*(?:なぜ|なんで|何で|どうして|どういう理由|根拠|理由|本当|ほんと|どれ(?:くらい|ほど)確|どのくらい確|証拠).{0,24}$"
)
_YOURS: Final = re.compile(r"\byour function\b|あなたの機能")
_NOT_OF_A_MOLECULE: Final = (
    r"(?! (?:to|in|into|from|with|of) (?!(?:[^@]*@)|.*(?:molecul|compound|ring|scaffold|core|position|drug|lead|hit|it\b)))"
)
"""Nothing is added to a soup here, or taken from a list."""
_REMOVED: Final = re.compile(
    r"\b(?:remov(?:e|es|ed|ing)|delet(?:e|es|ed|ing)|drop(?:s|ped|ping)?|los(?:e|es|ing)|tak(?:e|ing) (?:off|away|out)|without)"
    rf" (?:the |my |this |that |an? )?@{_NOT_OF_A_MOLECULE}"
    r"|@を(?:外し|はずし|除い|除去|取り除|取っ|なくし|無くし|削除|消し)"
)
_ADDED: Final = re.compile(
    r"\b(?:add(?:s|ed|ing)?|introduc(?:e|es|ed|ing)|attach(?:ed|ing)?|put(?:ting)? in|insert(?:ed|ing)?)"
    rf" (?:the |this |that |an? |another )?@{_NOT_OF_A_MOLECULE}|@を(?:入れ|導入|付け|つけ|加え|足し|追加)"
)
_KINDS: Final = (
    ("structure", r"\bstructur\w*|\blooks? alike\b|\bby looks\b|構造|見た目"),
    ("coassay", r"\bco-?assay\w*|\b(?:measured|tested|assayed|studied) together\b|共測定|一緒に(?:測定|試験)"),
    ("balanced", r"\bbalanced\b|\bheat ?map\b|\bcosine\b|ヒートマップ|釣り合|コサイン"),
    ("function", r"\bby function\b|機能で"),
)
_NUMBERS: Final = {
    name: value
    for value, names in enumerate(
        ("one 一", "two 二 couple", "three 三", "four 四", "five 五", "six 六", "seven 七", "eight 八", "nine 九", "ten 十"),
        start=1,
    )
    for name in names.split()
} | {"twenty": 20, "dozen": 12}
_LIMIT: Final = re.compile(
    rf"(?:\b(?:top|best|first)[\s-]+(?P<top>\d{{1,3}}|{'|'.join(filter(str.isascii, _NUMBERS))})\b)"
    rf"|\b(?P<many>\d{{1,3}}|{'|'.join(filter(str.isascii, _NUMBERS))}) (?:\w+ ){{0,2}}(?:most"
    r"|nearest|closest|best|fragments?|groups?|similar|neighbou?rs?|"
    r"replacements?|alternatives?|bioisosteres?|analogu?e?s?|targets?|proteins?|suggestions?|candidates?)"
    rf"|(?:上位|トップ|ベスト)(?P<best>\d{{1,3}})|(?P<counted>\d{{1,3}}"
    rf"|[{''.join(n for n in _NUMBERS if not n.isascii())}])(?:つ|個|件|種|位まで)"
)


def intent_of(text: str, *, names: int) -> Intent | None:
    """What a message with so many names asks; None where its words tell nothing."""
    if names:
        found = _first(_WITH_NAME, text)
        if names > 1 and found in {Intent.REPLACE, Intent.SIMILAR, Intent.UNLIKE, Intent.ABOUT, None}:
            return Intent.COMPARE
        return Intent.SIMILAR if found is Intent.COMPARE and names == 1 else found
    if _YOURS.search(text):
        return None
    return _first(_WITHOUT_NAME, text) or (Intent.HELP if _HELP.search(text) else None)


def is_explicit(text: str) -> bool:
    """Whether a message speaks of fragments."""
    return _EXPLICIT.search(text) is not None


def compares(text: str) -> bool:
    """Whether a message asks to compare, in so many words."""
    return _first(_WITH_NAME, text) is Intent.COMPARE


def is_swap(text: str) -> bool:
    """Whether one name is to stand in place of another."""
    return re.search(dict(_WITH_NAME)[Intent.REPLACE], text) is not None


def is_removed(text: str) -> bool:
    """Whether a name is to be taken away, so that hydrogen is in its place."""
    return _REMOVED.search(text) is not None


def is_added(text: str) -> bool:
    """Whether a name is to stand in place of hydrogen."""
    return _ADDED.search(text) is not None


def is_why(text: str) -> bool:
    """Whether a message asks what the answer before it is founded on."""
    return _WHY.match(text) is not None


def kind_of(text: str) -> str | None:
    """The kind of similarity that is asked for by name."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, text)), None)


def limit_of(text: str) -> int | None:
    """How many answers are wanted, where a number says so."""
    match = _LIMIT.search(text)
    said = next(filter(None, match.groups()), None) if match else None
    return None if said is None else _NUMBERS.get(said) or int(said) or None


def _first(patterns: tuple[tuple[Intent, str], ...], text: str) -> Intent | None:
    return next((intent for intent, pattern in patterns if re.search(pattern, text)), None)
