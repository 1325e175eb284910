"""Results: drafts from approved sheets, notifications, term results, changes by dual approval.

    (approve the sheet) → draft ──publish──▶ published ──freeze──▶ frozen
                           │ ▲                   │  ▲                │  ▲
             return: stale └─┘ approve again     └──┘ approved change └──┘

A withholding is a row of its own: while it is open the result stays a draft that shows `withheld` and no
grade; release publishes it. Nothing returns after publish. A published or frozen result changes only
through one approved change request, once, to exactly what was approved; the database holds that, not this
code. `term_result` keeps what was declared: publishing a repeat leaves the term of the first attempt as
it was, a corrigendum declares it anew.
"""
