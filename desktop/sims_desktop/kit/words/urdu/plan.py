# ruff: noqa: E501
"""Two people's plans of one sheet, side by side."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "As you saw it": "جیسا آپ نے دیکھا",
    "Changed meanwhile: {moves}.": "اس دوران بدلا گیا: {moves}۔",
    "Go on typing (Esc)": "لکھتے رہیں (Esc)",
    "Not made in {sheets}:": "{sheets} میں نہیں بنے:",
    "Not taken back: {why}.": "واپس نہیں لیا گیا: {why}۔",
    "Nothing of yours was written.": "آپ کا کچھ نہیں لکھا گیا۔",
    "Take theirs (T)": "ان کا لیں (T)",
    "Their plan against yours": "ان کا منصوبہ آپ کے مقابل",
    "Theirs adds up to {theirs} of 100, with yours over it {mine}.": "ان کا مجموعہ 100 میں سے {theirs} ہے، آپ کا اس پر لکھیں تو {mine}۔",
    "Theirs stands. Ctrl+Z brings back what you had typed.": "ان کا منصوبہ برقرار ہے۔ Ctrl+Z آپ کا لکھا واپس لاتا ہے۔",
    "Write mine over it (M)": "اس پر میرا لکھیں (M)",
    "Your line is kept; Ctrl+Enter shows yours against it.": "آپ کی سطر محفوظ ہے؛ Ctrl+Enter دونوں ساتھ دکھاتا ہے۔",
    "changed meanwhile: {moves}": "اس دوران بدلا گیا: {moves}",
    "taken away": "ہٹایا گیا",
    "{before} is named {name}": "{before} کا نام اب {name} ہے",
    "{error}. What you typed stays here; Ctrl+Enter asks again.": "{error}۔ آپ کا لکھا یہیں ہے؛ Ctrl+Enter دوبارہ بھیجتا ہے۔",
    "{name} is new, {how}": "{name} نیا ہے، {how}",
    "{name} was taken away": "{name} ہٹایا گیا",
    "{name} was {before}, is {after}": "{name}: پہلے {before}، اب {after}",
    "{names} need not be sat any more: “!” keeps it": "{names} میں بیٹھنا اب لازم نہیں: “!” اسے برقرار رکھتا ہے",
    "{weight} % of {maximum}": "{maximum} میں سے، وزن {weight} %",
}
