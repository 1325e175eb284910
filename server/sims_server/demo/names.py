"""Names of the demo's people, in Latin and in Urdu script. They are common names put together by
chance; nobody is meant.
"""

from __future__ import annotations

from random import Random

_MEN = """Ahmed احمد|Ali علی|Bilal بلال|Daniyal دانیال|Fahad فہد|Faisal فیصل|Hamza حمزہ|Haris حارث
Hassan حسن|Ibrahim ابراہیم|Imran عمران|Junaid جنید
Kamran کامران|Khalid خالد|Mudassar مدثر|Muhammad محمد|Nabeel نبیل|Noman نعمان|Omar عمر|Owais اویس
Rashid راشد|Saad سعد|Salman سلمان|Shahid شاہد
Shoaib شعیب|Sufyan سفیان|Tahir طاہر|Talha طلحہ|Tariq طارق|Usman عثمان|Waqas وقاص|Yasir یاسر|Yousaf یوسف
Zain زین|Zubair زبیر|Adnan عدنان"""
_WOMEN = """Aisha عائشہ|Amina آمنہ|Anam انعم|Asma اسماء|Bushra بشریٰ|Fariha فریحہ|Fatima فاطمہ|Hafsa حفصہ
Hina حنا|Iqra اقراء|Javeria جویریہ|Khadija خدیجہ
Kiran کرن|Laiba لائبہ|Maham ماہم|Mahnoor ماہ نور|Maria ماریہ|Maryam مریم|Mehwish مہوش|Nadia نادیہ
Nimra نمرہ|Noor نور|Rabia رابعہ|Ramsha رمشا
Rubina روبینہ|Sadia سعدیہ|Saima صائمہ|Saira سائرہ|Sana ثناء|Shazia شازیہ|Sidra سدرہ|Sumaira سمیرا
Tayyaba طیبہ|Uzma عظمیٰ|Zainab زینب|Zara زارا"""
_FAMILIES = """Abbasi عباسی|Ahmad احمد|Akhtar اختر|Ansari انصاری|Arshad ارشد|Aslam اسلم|Awan اعوان
Aziz عزیز|Baig بیگ|Baloch بلوچ|Bhatti بھٹی|Butt بٹ
Chaudhry چوہدری|Dar ڈار|Farooq فاروق|Ghani غنی|Gondal گوندل|Hashmi ہاشمی|Hussain حسین|Iqbal اقبال
Javed جاوید|Kazmi کاظمی|Khan خان|Khattak خٹک
Khokhar کھوکھر|Latif لطیف|Mahmood محمود|Malik ملک|Mansoor منصور|Mirza مرزا|Mughal مغل|Naqvi نقوی|Nawaz نواز
Niazi نیازی|Qureshi قریشی|Rafiq رفیق
Rana رانا|Raza رضا|Rehman رحمان|Riaz ریاض|Saleem سلیم|Shah شاہ|Shahzad شہزاد|Sheikh شیخ|Siddiqui صدیقی
Tariq طارق|Tiwana ٹوانہ|Yaqoob یعقوب
Younas یونس|Yousafzai یوسفزئی|Zafar ظفر|Zaman زمان|Bukhari بخاری|Gilani گیلانی|Janjua جنجوعہ|Kiyani کیانی
Lodhi لودھی|Marwat مروت|Orakzai اورکزئی|Warraich وڑائچ"""


def _pairs(listed: str) -> list[tuple[str, str]]:
    return [
        (latin, native)
        for entry in listed.replace("\n", "|").split("|")
        for latin, _, native in (entry.partition(" "),)
    ]


MEN, WOMEN, FAMILIES = _pairs(_MEN), _pairs(_WOMEN), _pairs(_FAMILIES)


class Names:
    """Hands out names; no two students get the same one."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def person(self) -> tuple[str, str, str]:
        """(name, the same in native script, father's name)."""
        while True:
            first = self._random.choice(self._random.choice((MEN, WOMEN)))
            family = self._random.choice(FAMILIES)
            name = f"{first[0]} {family[0]}"
            if name in self._taken:
                middle = self._random.choice(MEN if first in MEN else WOMEN)
                name, native = f"{first[0]} {middle[0]} {family[0]}", f"{first[1]} {middle[1]} {family[1]}"
            else:
                native = f"{first[1]} {family[1]}"
            if name not in self._taken and first[0] != family[0]:
                self._taken.add(name)
                father = self._random.choice(MEN)
                while father == first:
                    father = self._random.choice(MEN)
                return name, native, f"{father[0]} {family[0]}"
