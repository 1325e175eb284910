"""Attendance by class session, and who may sit the examination.

States: a class session is held → taken (somebody was marked) → perhaps called off. An eligibility list
is notified in versions and never changes; the latest is in force. The rule a newcomer would get wrong:
nothing here decides a percentage; `sims_shared.policy.attendance` does, under the regulation of each
student's own registration, and a notified list keeps what it decided that day.
"""
