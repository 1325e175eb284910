# ruff: noqa: E501
"""Opening a locked column again."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "Locked assessments": "مقفل جائزے",
    "Locked assessments of open sheets": "کھلی شیٹوں کے مقفل جائزے",
    "{name} of {section}": "{section} کا {name}",
    "not shown": "نہیں دکھایا گیا",
    "{error}. Unlocking needs the server; F5 asks again.": "{error}۔ کھولنے کے لیے سرور درکار ہے؛ F5 دوبارہ پوچھتا ہے۔",
    "Nothing is locked in the open sheets.": "کھلی شیٹوں میں کچھ مقفل نہیں۔",
    "{columns} locked in open sheets": "کھلی شیٹوں میں {columns} مقفل",
    "What its students have seen stays shown.": "طلبہ کا دیکھا ہوا دکھا رہے گا۔",
    "Its students have not been shown it.": "طلبہ کو نہیں دکھایا گیا۔",
    "{title}: its teachers can type in it again. {shown} U unlocks, Esc leaves it.": "{title}: اساتذہ اس میں پھر لکھ سکیں گے۔ {shown} U کھولتا ہے، Esc چھوڑ دیتا ہے۔",
    "Unlocked: {title}. Its teachers find it open with their next connection; they lock it again.": "کھل گیا: {title}۔ اساتذہ اگلے رابطے پر اسے کھلا پائیں گے؛ دوبارہ وہی مقفل کرتے ہیں۔",
    "Shown to students": "طلبہ کو دکھایا گیا",
    "Locked": "مقفل",
    "Unlock (U)": "کھولیں (U)",
    "Unlock this assessment": "یہ جائزہ کھولیں",
    "Next assessment": "اگلا جائزہ",
    "Previous assessment": "پچھلا جائزہ",
    "Unlocking": "کھولنا",
    "Unlocking …": "کھولا جا رہا ہے …",
    "assessment": "جائزہ",
    "assessments": "جائزے",
}
