"""Cases: why something that was decided is decided again, by whom, and upon what evidence.

    requested ──propose──▶ proposed ──approvals in order──▶ applied
        │  └─withdraw / reject        └─reject──▶ rejected

A recheck, a re-evaluation, unfair means, grace, an incomplete completed, a correction of several results,
credit brought from elsewhere. A case names results and keeps evidence; a proposal says what is to become
of them; a head or dean of every department concerned decides first, then the examination cell or the
registrar, none of whom asked or proposed. The rule a newcomer would get wrong: a case changes no result
by itself. Each result it changes has a change request of its own with the same approvals, and all of them
are applied in one transaction or none.
"""
