"""The figures that estimates start from are those of OpenAI's vocabulary, measured on a text in each script."""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones; each sample is one text

from __future__ import annotations

import statistics
from typing import Final

import pytest

from modelscan.accounting.estimates.features import load_of_text
from modelscan.plugins import Plugins

SAMPLES: Final = {
    "english": "The harbour was quiet when we arrived. Two fishermen were mending their nets beside the wall, and an old dog slept in the sun. Nobody asked where we had come from; they only nodded and went on with their work. Later the wind rose, the boats began to turn at their moorings, and someone called us in for soup and bread.",
    "german": "Der Hafen lag still, als wir ankamen. Zwei Fischer flickten ihre Netze an der Mauer, und ein alter Hund schlief in der Sonne. Niemand fragte, woher wir kämen; sie nickten nur und arbeiteten weiter. Später kam Wind auf, die Boote drehten sich an ihren Ankerplätzen, und jemand rief uns zu Suppe und Brot herein.",  # codespell:ignore als,sie
    "french": "Le port était calme quand nous sommes arrivés. Deux pêcheurs réparaient leurs filets près du mur, et un vieux chien dormait au soleil. Personne ne nous a demandé d'où nous venions ; ils ont hoché la tête et continué leur travail. Plus tard, le vent s'est levé et quelqu'un nous a appelés pour la soupe et le pain.",
    "spanish": "El puerto estaba tranquilo cuando llegamos. Dos pescadores remendaban sus redes junto al muro y un perro viejo dormía al sol. Nadie preguntó de dónde veníamos; solo asintieron y siguieron trabajando. Más tarde se levantó el viento y alguien nos llamó para comer sopa y pan.",
    "polish": "Port był cichy, kiedy przyjechaliśmy. Dwóch rybaków naprawiało sieci pod murem, a stary pies spał w słońcu. Nikt nie zapytał, skąd przybyliśmy; skinęli tylko głowami i pracowali dalej. Później zerwał się wiatr, łodzie zaczęły się obracać, a ktoś zawołał nas na zupę i chleb.",
    "turkish": "Vardığımızda liman sessizdi. İki balıkçı duvarın yanında ağlarını onarıyor, yaşlı bir köpek güneşte uyuyordu. Kimse nereden geldiğimizi sormadı; yalnızca başlarını salladılar ve işlerine devam ettiler. Sonra rüzgâr çıktı ve biri bizi çorba içmeye çağırdı.",
    "vietnamese": "Bến cảng yên tĩnh khi chúng tôi đến. Hai người đánh cá đang vá lưới bên bức tường, và một con chó già nằm ngủ dưới nắng. Không ai hỏi chúng tôi từ đâu tới; họ chỉ gật đầu rồi tiếp tục làm việc. Sau đó gió nổi lên và có người gọi chúng tôi vào ăn súp với bánh mì.",
    "russian": "В гавани было тихо, когда мы приехали. Двое рыбаков чинили сети у стены, а старая собака спала на солнце. Никто не спросил, откуда мы; они только кивнули и продолжили работу. Потом поднялся ветер, лодки начали поворачиваться у причала, и кто-то позвал нас есть суп с хлебом.",
    "ukrainian": "У гавані було тихо, коли ми приїхали. Двоє рибалок лагодили сіті біля стіни, а старий собака спав на сонці. Ніхто не запитав, звідки ми; вони лише кивнули й працювали далі. Потім здійнявся вітер, і хтось покликав нас їсти суп із хлібом.",
    "greek": "Το λιμάνι ήταν ήσυχο όταν φτάσαμε. Δύο ψαράδες επιδιόρθωναν τα δίχτυα τους δίπλα στον τοίχο και ένας γέρικος σκύλος κοιμόταν στον ήλιο. Κανείς δεν ρώτησε από πού ερχόμασταν· έγνεψαν μόνο και συνέχισαν τη δουλειά τους. Αργότερα σηκώθηκε αέρας και κάποιος μας φώναξε για σούπα.",
    "arabic": "كان الميناء هادئا عندما وصلنا. كان صيادان يصلحان شباكهما بجانب الجدار، وكلب عجوز ينام تحت الشمس. لم يسأل أحد من أين جئنا؛ اكتفوا بهز رؤوسهم وواصلوا عملهم. ثم هبت الريح وبدأت القوارب تدور، ونادانا أحدهم لنأكل الحساء والخبز.",
    "persian": "وقتی رسیدیم بندر آرام بود. دو ماهیگیر کنار دیوار تورهایشان را تعمیر می\u200cکردند و سگ پیری در آفتاب خوابیده بود. هیچ\u200cکس نپرسید از کجا آمده\u200cایم؛ فقط سر تکان دادند و به کارشان ادامه دادند. بعد باد برخاست و کسی ما را برای سوپ و نان صدا زد.",
    "hebrew": "הנמל היה שקט כשהגענו. שני דייגים תיקנו את הרשתות שלהם ליד הקיר, וכלב זקן ישן בשמש. איש לא שאל מאין באנו; הם רק הנהנו והמשיכו בעבודתם. אחר כך התחזקה הרוח ומישהו קרא לנו לאכול מרק ולחם.",
    "hindi": "जब हम पहुँचे तो बंदरगाह शांत था। दो मछुआरे दीवार के पास अपने जाल ठीक कर रहे थे और एक बूढ़ा कुत्ता धूप में सो रहा था। किसी ने नहीं पूछा कि हम कहाँ से आए हैं; उन्होंने बस सिर हिलाया और अपना काम करते रहे। बाद में हवा तेज़ हुई और किसी ने हमें सूप और रोटी के लिए बुलाया।",
    "bengali": "আমরা যখন পৌঁছালাম তখন বন্দরটি শান্ত ছিল। দুই জেলে দেয়ালের পাশে জাল মেরামত করছিল, আর একটি বুড়ো কুকুর রোদে ঘুমাচ্ছিল। কেউ জিজ্ঞাসা করেনি আমরা কোথা থেকে এসেছি; তারা শুধু মাথা নেড়ে কাজ করে যাচ্ছিল।",
    "tamil": "நாங்கள் வந்தபோது துறைமுகம் அமைதியாக இருந்தது. இரண்டு மீனவர்கள் சுவரின் அருகே வலைகளைச் சரிசெய்து கொண்டிருந்தனர், ஒரு வயதான நாய் வெயிலில் தூங்கிக் கொண்டிருந்தது. நாங்கள் எங்கிருந்து வந்தோம் என்று யாரும் கேட்கவில்லை.",
    "thai": "ท่าเรือเงียบสงบเมื่อเรามาถึง ชาวประมงสองคนกำลังซ่อมแหอยู่ข้างกำแพง และสุนัขแก่ตัวหนึ่งนอนหลับอยู่กลางแดด ไม่มีใครถามว่าเรามาจากไหน พวกเขาเพียงพยักหน้าแล้วทำงานต่อไป ต่อมาลมแรงขึ้นและมีคนเรียกเราเข้าไปกินซุปกับขนมปัง",
    "georgian": "როცა ჩავედით, ნავსადგური წყნარი იყო. ორი მეთევზე კედელთან ბადეებს აკეთებდა, ბებერ ძაღლს კი მზეზე ეძინა. არავის უკითხავს, საიდან მოვედით; მხოლოდ თავი დაგვიქნიეს და მუშაობა განაგრძეს.",
    "chinese": "我们到达的时候，港口很安静。两个渔民在墙边修补渔网，一只老狗在阳光下睡觉。没有人问我们从哪里来；他们只是点点头，继续干活。后来起风了，船开始在泊位上转动，有人叫我们进去喝汤吃面包。",
    "traditional": "我們到達的時候，港口很安靜。兩個漁民在牆邊修補漁網，一隻老狗在陽光下睡覺。沒有人問我們從哪裡來；他們只是點點頭，繼續幹活。後來起風了，船開始在泊位上轉動，有人叫我們進去喝湯吃麵包。",
    "japanese": "私たちが着いたとき、港は静かだった。二人の漁師が壁のそばで網を繕い、年老いた犬が日なたで眠っていた。どこから来たのかと尋ねる人はいなかった。彼らはただうなずいて仕事を続けた。やがて風が出て、誰かがスープとパンを食べようと私たちを呼んだ。",
    "korean": "우리가 도착했을 때 항구는 조용했다. 어부 두 명이 벽 옆에서 그물을 고치고 있었고 늙은 개 한 마리가 햇볕 아래에서 자고 있었다. 아무도 우리가 어디서 왔는지 묻지 않았다. 그들은 고개만 끄덕이고 일을 계속했다. 나중에 바람이 불자 누군가 수프와 빵을 먹으라고 우리를 불렀다.",
    "python": "class Window:\n    def __init__(self, amount: int, window_s: float) -> None:\n        self._entries: deque[tuple[float, int]] = deque()\n        self.amount = amount\n\n    def take(self, now: float, count: int = 1) -> bool:\n        while self._entries and self._entries[0][0] <= now - self.window_s:\n            self._entries.popleft()\n        if sum(n for _, n in self._entries) + count > self.amount:\n            return False\n        self._entries.append((now, count))\n        return True\n",
    "json": '{"orders": [{"id": "A-10023", "customer": {"name": "Ada", "city": "London"}, "total": 129.95, "items": [{"sku": "X1", "quantity": 2}, {"sku": "Z9", "quantity": 1}], "paid": true}, {"id": "A-10024", "customer": {"name": "Grace", "city": "New York"}, "total": 18.5, "items": [], "paid": false}], "next": null}',
    "numbers": "2026-11-24 08:15:00,1042,17.35,98.6,0.0042\n2026-11-24 08:16:00,1043,17.41,98.7,0.0039\n2026-11-24 08:17:00,1044,17.38,98.4,0.0044\n2026-11-24 08:18:00,1045,17.52,98.9,0.0037\n",
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg8fQzX1mLpT7vWqYsK3dJ0hRbE9nUoGcAaVtM2yHi5wZxN4",
    "emoji": "🎉 We did it! 🚀🚀 Thanks to everyone ❤️ who helped 🙏 and see you 👋 next year 🎄✨😀",
    "markdown": "# Results\n\n| model | tokens | cost |\n|---|---|---|\n| small | 1,204 | $0.12 |\n| large | 9,881 | $4.03 |\n\n- **Fast**: under 2 s\n- *Cheap*: see [the table](https://example.org/table?x=1)\n\n```sh\npip install modelscan-core\n```\n",
}

UNLIKE_WORDS: Final = {"base64": "letters without words: only the replies can teach how many tokens they are"}


def tokens_of(text: str) -> int:
    counted = Plugins().tokenizer("tiktoken").count(text, "openai/gpt-4o")
    assert counted is not None
    return counted


def estimate_of(text: str) -> float:
    return sum(tokens for _, tokens in load_of_text(text))


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in UNLIKE_WORDS])
def test_a_text_is_estimated_within_the_half_of_its_tokens(name: str) -> None:
    assert 0.8 <= estimate_of(SAMPLES[name]) / tokens_of(SAMPLES[name]) <= 1.5


def test_most_texts_are_estimated_within_a_fifth(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = {name: estimate_of(text) / tokens_of(text) for name, text in SAMPLES.items()}
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))  # noqa: T201 - figures
    assert sum(0.83 <= ratio <= 1.2 for ratio in ratios.values()) >= 0.85 * len(ratios)
    assert 0.95 <= statistics.median(ratios.values()) <= 1.1
