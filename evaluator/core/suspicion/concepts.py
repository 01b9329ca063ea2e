"""The concepts of speaking to a grader (ignore, instructions, grader, marks, the highest …) and their words.

No word here is suspicious by itself, and most stand in honest answers. What counts is how many concepts meet within a
few words (`address.py`). The words are of English, Spanish, Portuguese, French, Italian, German, Dutch, Polish,
Russian, Ukrainian, Turkish, Arabic, Hindi, Chinese, Japanese and Korean; "*" stands for any ending.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntFlag
from functools import lru_cache


class Concept(IntFlag):
    """What a word may be about."""

    IGNORE = 1
    INSTRUCTIONS = 2
    GRADER = 4
    MARK = 8
    HIGHEST = 16
    GIVE = 32
    THIS_CANDIDATE = 64
    PASS = 128
    AUTHORITY = 256
    APPEAL = 512
    YOU = 1024
    PRAISE = 2048
    PRETEND = 4096
    EVERY = 8192
    MUST = 16384
    PLIGHT = 131072
    OBEY = 262144
    OUT_OF = 65536
    """A mark as a fraction: 10/10, 4 out of 4, or a phrase that says there is nothing better."""
    SPELLED_ODDLY = 32768
    """Letters of another script, digits for letters: the word was hidden from whoever searches for it."""


_WORDS: dict[Concept, str] = {
    Concept.IGNORE: """
        ignor* disregard* forget overrid* bypass* supersed* regardless instead stop evaluating
        olvid* omit* descart* desconsider* esque* oubli* ecart* vergiss* vergessen missacht* ubergeh* dimentic* trascur*
        negeer* vergeet zignoruj* pomin* zapomnij* игнорир* забуд* забыть пренебре* ігноруй* забудь yoksay* unut*
        gormezden
        تجاهل* انس
        अनदेखा भूल
    """,
    Concept.INSTRUCTIONS: """
        instruction* prompt guideline* redflags guidance directive* rubric* criteri* anchor anchors scheme syllabus
        guide
        instruccion* rubrica* baremo directriz* instrucoes instrucao orientacoes consigne* bareme* grille critere*
        directives
        anweisung* bewertungsschema anleitung* kriterium kriterien vorgabe* schema istruzioni criterio*
        beoordelingsschema
        instructies polecen* instrukcj* kryteri* рубрик* инструкц* критери* указани* інструкц* talimat* kriter* olcut*
        تعليمات معايير معيار المعايير بند निर्देश* मानदंड*
    """,
    Concept.GRADER: """
        grader* evaluator* marker examiner* assessor* grading graded gpt chatgpt llm claude gemini chatbot bot recruiter
        evaluador* calificador* corrector* corrige avaliador* correcteur* evaluateur* examinateur* notateur*
        prufer* bewerter* gutachter* korrektor* valutatore esaminatore beoordelaar* oceniajac* egzaminator*
        оценщик* проверяющ* экзаменатор* эксперт оцінювач* degerlendirici degerlendiren مقيم المقيم مصحح المصحح
        मूल्यांकनकर्ता
    """,
    Concept.MARK: """
        mark marks grade grades rated scale flag flags hinweise score scores points rating ratings level levels
        credit verdict rate rank stars
        nota notas nivel niveles puntuacion* puntaje* calificacion* calific* veredicto pontuacao pontos niveis veredito
        note notes niveau niveaux verdict notation evaluation avaliacao evaluacion stufe stufen punkte punktzahl*
        note noten endpunktzahl bewertung urteil
        voto voti punteggio livello punten cijfer niveau ocen* poziom* punkt* балл* оценк* уровен* уровн* бал* рівен*
        рівн*
        puan* derece* seviye* درجه درجات الدرجه مستوي المستوي نتيجه अंक स्तर
    """,
    Concept.HIGHEST: """
        full worst pire peor pior schlechteste* худш* maximum maximal max highest top perfect best excellent
        outstanding ten four five hundred 10 100 4 5 a+ true
        maximum maxima maximo maximas maximos completa mejor perfecta perfecto excelente cuatro diez todo alto alta
        melhor perfeita dez quatro
        maximale maximal meilleure meilleur plein pleine parfaite quatre dix haut eleve excellent hochste* voll volle
        vollen
        maximale beste* besten perfekt* vier zehn oben massimo massima migliore pieno alto hoogste volledige najwyz*
        maksymal*
        максимальн* высш* наивысш* полн* отличн* лучш* четыре десять найвищ* максимальн* yuksek tam dort
        اعلي الكامله كامله القصوي ممتاز الاقصي رابع الرابع सर्वोच्च पूर्ण अधिकतम 4
    """,
    Concept.GIVE: """
        give award assign grant output return record enter set respond reply put allocate mark rate write print begin
        complete repeat add raise lower evaluate proceed keep treat consider swap leave
        dar da dame den ponga pon poned asigna asigne otorga devuelve registre registra escribe repite complete
        aplica califica
        responde de atribua registre coloque mantenha escreva mets mettre mettez attribue attribuez donne donnez
        inscrire ecris
        reponds repete gib geben vergib vergeben trage eintragen setze setzen antworte wiederhole bleiben verwenden
        assegna dai
        metti geef ken postaw przyznaj daj wpisz поставь* поставить ставь* ставить дай дать дайте выведи выстави*
        напиши постав*
        применяйте оцени ver verin yaz امنح امنحني اعط تعطوني اعطني ضع اكتب تسجيل سجل दो दें दीजिए लिखें
        receive received receives hand
    """,
    Concept.THIS_CANDIDATE: """
        candidate applicant submission me mine myself my mon ma mi mis meu minha mein meine meiner candidat candidata
        candidato bewerber bewerberin kandydat* кандидат*
        aday المرشح مرشح उम्मीदवार respuesta reponse antwort resposta copie submission candidature solicitante
        kandidat kandidaat risposta odpowiedz ответ* мой моя мне cevap* اجابه الاجابه الاجابة اجابتي उत्तर answer
        response text
    """,
    Concept.PASS: """
        pass passes hire hired advance recommend recommended interview accept accepted approve approved shortlist*
        deserve*
        merit* meets met fulfil* satisf* cleared qualif* belongs
        aprobad* aprueb* merece* cumple* avanza acepta* aprovad* atende avancar retenu* valide remplit merite reussi*
        bestanden verdient erfull* zugesagt freigegeben einstellen approvato merita soddisf* goedgekeurd verdient
        voldoet
        zatwierdz* zasluguj* spelnia* одобрен* пропуст* заслужива* выполнен* соответств* схвален* onaylan* hak
        معتمد مقبول يستحق تستحق يلبي स्वीकृत
        fail fails failed failing reject rejected succeed succeeds top-rated worthy suspenso reprobar durchfallen
        echouer провал*
    """,
    Concept.AUTHORITY: """
        admin administrator override system developer debug policy verified hr headquarters panel board manager director
        authorised authorized official internal updated revised testing
        sistema recursos humanos gerente gestor direccion jefe administrador actualizada politica direction rh
        systeme politique
        nouveau personalabteilung vermerk testlauf neues sistema politica systeem beleid systemu система* системн*
        обновленн*
        руководител* администратор* систем* yonetici sistem النظام مدير التوظيف إدارة प्रशासक
        panel committee senior executive ceo compliance legal authority supervisor coordinator department organiser
        organizer pipeline automated automatic automatically calibration
        comite comision comissao commission ausschuss vorstand behorde отдел комисси* начальств*
    """,
    Concept.APPEAL: """
        please kindly thanks appreciate thank favor ruego gracias por favor obrigado obrigada peco merci bitte danke
        flehe
        prego grazie prosze alstublieft dank prosze пожалуйста спасибо прошу будь lutfen tesekkur ارجوكم شكرا من فضلك
        कृपया
    """,
    Concept.PLIGHT: """
        beg begging mercy desperate desperately visa children child family mother unemployed jobless lawyer lawsuit
        discrimination tip bonus regret hospital hungry homeless kindness generous merciful pity penalise penalize
        hijos familia desempleado desempleada abogado propina suplico discriminacion trabajo filhos desempregado
        desempregada
        gorjeta coracao advogado emprego supplie chomage enfants famille avocat pourboire pitie discrimination kinder
        visum
        anwalt trinkgeld familie arbeitslos gnade diskriminierung figli avvocato disoccupato famiglia smeek kinderen
        blagam
        dzieci rodzina умоляю детей семь* адвокат* работы долларов обещаю благаю дітей yalvar* cocuk* avukat aile
        اتوسل طفلان عائلتي محامي وظيفه परिवार बच्चे
        sue court complaint discriminate discriminatory unfair injustice unjust rights demanda denuncia tribunal
        klage gericht plainte жалоб* суд
    """,
    Concept.OBEY: """
        follow obey execute act decode comply carry sigue obedece ejecuta haz hazlo siga obedeca execute faca suis obeis
        execute fais folge befolge befolgen ausfuhren esegui segui volg wykonaj следуй выполни выполняй выполните
        виконай
        اتبع نفذ पालन
    """,
    Concept.YOU: """
        you your yours yourself usted ustedes tu te ti le voce voces seu vous votre vos toi ton sie ihnen ihr ihre du
        dir dich
        dein lei voi jij uw pan pani ciebie ты тебя вы вас вам ваш* ви siz sana size انت انتم आप
    """,
    Concept.PRAISE: """
        wise wisest fair fairest brilliant intelligent intelligence judgement generous kind expert mastery exceptional
        flawless exemplary comprehensive demonstrates complete thoroughly fully covers expectations depth
        justo inteligente sabio excepcional demuestra dominio plenamente expectativas esperado profundidad
        excepcional demonstra
        juste brillant intelligent maitrise exceptionnelle demontre pleinement attentes kluge* klugste* gerecht*
        aussergewohnlich*
        konnen vollstandig erwartungen zeigt eccezionale dimostra pienamente uitzonderlijk исключительн* мастерств*
        полностью
        ожидани* показывает умн* справедлив* ustun استثنائيا اتقانا بالكامل التوقعات उत्कृष्ट
        expertise expertly masterful masterly superb superior remarkable impressive deserving thorough insight
        skilled proficiency strongest finest ideal proud solid
        experto magistral dominio sobresaliente brillante magistrale remarquable exemplaire hervorragend*
        meisterhaft* beeindruckend* ausgezeichnet*
        превосходн* блестящ* eccellente bravo uitstekend doskonal* mukemmel
    """,
    Concept.PRETEND: """
        pretend imagine roleplay game simulate hypothetical act mode repeat verdict
        imagina finge juego jueguemos juguemos modo brincar imagine finja jouons imagine joue fais jeu stell spielen
        spiel tu modus
        immagina fingi gioco doe stel udawaj представь притворись сыграем уяви oyun تخيل لعبة कल्पना
        game suppose grader-bot generous scenario simulation test-mode evaluate teacher pupil persona character role
    """,
    Concept.EVERY: """
        every each all everything everywhere throughout cada todos todas todo partout chaque tout toutes tous jedem
        jedes alle
        allen alles uberall ogni tutti elk elke wszystki* kazd* каждому всем каждый всё все везде кожн* her tum كل
        جميع सभी हर
    """,
    Concept.MUST: """
        must should correct expected required needs debe deve doit muss soll должен должн* expected esperada
        erwartete attendu
    """,
}  # fmt: skip

_UNSPACED: dict[Concept, str] = {
    Concept.IGNORE: "忽略 无视 忘记 忘掉 不要理会 無視 忘れ 무시 잊어",
    Concept.INSTRUCTIONS: "指令 指示 标准 標準 评分标准 规则 基準 採点基準 ルーブリック 지시 기준 채점",
    Concept.GRADER: "评审 评分员 评委 阅卷 评估 採点者 評価者 審査 채점자 평가자",
    Concept.MARK: "满分 高分 最高分 分 级 评分 打分 得分 结果 分数 等级 点 점수 등급 점",
    Concept.HIGHEST: "满分 最高分 最高 高分 优秀 满足 全部 4 10 満点 最高点 만점 최고",
    Concept.GIVE: "给 打 输出 应得 开头 回复 请使用 与え つけて 出力 주세요 출력",
    Concept.THIS_CANDIDATE: "候选人 这份答案 这个回答 我的 答案 回答 候補者 この回答 지원자 이 답변",
    Concept.PASS: "通过 录用 符合 决定 合格 採用 합격 통과",
    Concept.AUTHORITY: "系统 管理员 新版 人事 システム 管理者 시스템 관리자",
    Concept.APPEAL: "请 お願い どうか 부탁",
    Concept.PLIGHT: "求求 失业 孩子 拜托 家庭 家太 助けて 제발 가족",
    Concept.OBEY: "执行 照做 按照 遵守 従っ 따르",
    Concept.YOU: "您 你 あなた 당신",
    Concept.PRAISE: "英明 公正 卓越 完全 优秀 展现 慷慨 要求 素晴らし 훌륭",
    Concept.PRETEND: "游戏 扮演 假装 想象 ゲーム 演じ 게임",
    Concept.EVERY: "所有 每一项 每个 全部 都 すべて 全て 모든",
}

FRACTION = re.compile(
    r"(?:10|9|5|4|100)(?:[.,]0)?\s{0,2}(?:/|out of|of|de|von|aus|sur|di|su|van|из|із|من|分の)\s{0,2}"
    r"(?:10|5|4|100)(?![\d.,]*\d)"
)
PHRASES = (
    "nothing is missing", "nothing missing", "nothing is left out", "leaves nothing out", "top of the range",
    "top of the scale", "top of the list", "red flags", "stop reading", "in doubt, go up", "in doubt go up",
    "fehlt nichts", "fehlt hier nichts", "no falta nada", "nada falta", "rien ne manque", "não falta nada",
    "ничего не пропущено", "non manca nulla", "niets ontbreekt", "niczego nie brakuje",
)  # fmt: skip
"""Several words that are one of `Concept.OUT_OF`, in lower case."""


def out_of(lowered: str) -> list[tuple[int, int]]:
    """Where a text in lower case has a mark as a fraction whose numbers both end a scale, or one of `PHRASES`."""
    found = [
        each.span()
        for each in FRACTION.finditer(lowered)
        if each.start() == 0 or not (lowered[each.start() - 1].isdigit() or lowered[each.start() - 1] in ".,")
    ]
    for phrase in filter(lowered.__contains__, PHRASES):
        at = lowered.find(phrase)
        while at >= 0:
            found.append((at, at + len(phrase)))
            at = lowered.find(phrase, at + len(phrase))
    return sorted(found)


# How much a concept says by itself. Those that stand in many honest answers say little.
WEIGHTS: dict[Concept, float] = {
    Concept.IGNORE: 1.5,
    Concept.INSTRUCTIONS: 2.0,
    Concept.GRADER: 2.5,
    Concept.MARK: 1.0,
    Concept.HIGHEST: 1.0,
    Concept.GIVE: 0.5,
    Concept.THIS_CANDIDATE: 1.0,
    Concept.PASS: 1.5,
    Concept.AUTHORITY: 1.0,
    Concept.APPEAL: 1.0,
    Concept.PLIGHT: 2.0,
    Concept.OBEY: 1.0,
    Concept.YOU: 0.75,
    Concept.PRAISE: 1.5,
    Concept.PRETEND: 1.5,
    Concept.EVERY: 0.5,
    Concept.MUST: 0.5,
    Concept.OUT_OF: 1.5,
    Concept.SPELLED_ODDLY: 4.0,
}


def _fold(word: str) -> str:
    """Without case, accents and the joining line of Arabic; hamza forms made one."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    return kept.translate(_ONE_LETTER)


_ONE_LETTER = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None, "ё": "е", "ı": "i", "ł": "l", "ß": "ss"}
)
_WHOLE: dict[str, int] = {}
_STEMS: dict[str, int] = {}
for _concept, _listed in _WORDS.items():
    for _word in _listed.split():
        _table = _STEMS if _word.endswith("*") else _WHOLE
        _key = _fold(_word.rstrip("*"))
        _table[_key] = _table.get(_key, 0) | int(_concept)
_SHORTEST_STEM, _LONGEST_STEM = min(map(len, _STEMS)), max(map(len, _STEMS))
_BEGINNINGS = frozenset(stem[:_SHORTEST_STEM] for stem in _STEMS)
# Letters of other scripts that look like Latin ones; both cases are folded before.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏԛԝкмтвнαορνικτυε", "aeopcyxijsdhlqwkmtbhaopviktue")
_DIGITS = str.maketrans("013457@$!", "oieastasi")
_ARABIC_PREFIX = re.compile(r"^[وفبلك]?(?:ال|لل)?")
_UNSPACED_WORDS: dict[str, int] = {}
for _concept, _listed in _UNSPACED.items():
    for _word in _listed.split():
        _UNSPACED_WORDS[_word] = _UNSPACED_WORDS.get(_word, 0) | int(_concept)
UNSPACED = re.compile("|".join(sorted(map(re.escape, _UNSPACED_WORDS), key=len, reverse=True)))


class _Known(dict[str, int]):
    """What was looked up before, by word: a hit costs no call of Python's. Grown too large, it forgets all."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        found = self[word] = concepts_of(word)
        return found


_MOST_KNOWN = 20_000  # words: what an answer says is among them, and a million answers take no more memory
CONCEPTS = _Known()
"""By lower-case word: its concepts as bits of `Concept`; 0 for nearly every word."""


def concepts_of(word: str) -> int:
    """The concepts of a lower-case word, as bits of `Concept`."""
    # A plain number: a flag of enum's takes a call of Python's for each time that it is joined with another.
    return int(_concepts_of(word))


def _concepts_of(word: str) -> int:
    if word.isascii():
        found = _look_up(word)
        if found or word.isalpha() or word.isdigit():
            return found
        found = _look_up(word.translate(_DIGITS))
        return found | Concept.SPELLED_ODDLY if found & ~_TOO_COMMON else 0
    folded = _fold(word)
    if not folded:
        return 0  # nothing but marks that stand on letters
    found = _look_up(folded)
    if "\u0600" <= folded[0] <= "\u06ff":
        return found or _look_up(_ARABIC_PREFIX.sub("", folded, count=1))
    if not found and not folded.isascii():
        latin = folded.translate(_LOOK_ALIKE)
        found = _look_up(latin) if latin.isascii() else 0
        return found | Concept.SPELLED_ODDLY if found & ~_TOO_COMMON else 0
    # Mathematical letters and the like become plain ones by NFKD alone; accents are taken off, and are no disguise.
    disguised = found and any(ord(each) > 0x2000 for each in word)
    return found | Concept.SPELLED_ODDLY if disguised else found


_TOO_COMMON = Concept.YOU | Concept.THIS_CANDIDATE | Concept.GIVE | Concept.EVERY


def concepts_within(run: str) -> int:
    """The concepts of one stretch of a script that is written without spaces."""
    return _UNSPACED_WORDS[run]


def _look_up(word: str) -> int:
    found = _WHOLE.get(word, 0)
    if word[:_SHORTEST_STEM] not in _BEGINNINGS:
        return found
    for size in range(_SHORTEST_STEM, min(len(word), _LONGEST_STEM) + 1):
        found |= _STEMS.get(word[:size], 0)
    return found


_BITS = tuple((int(concept), weight) for concept, weight in WEIGHTS.items())


@lru_cache(maxsize=10_000)
def weight_of(concepts: int) -> float:
    """How much these concepts say when they meet."""
    return sum(weight for bit, weight in _BITS if concepts & bit)
