"""Contents to seal in tests: the transcript of practice as it is printed, and a long one."""

from __future__ import annotations

from sims_server.sealing.documents import (
    Content,
    CourseRow,
    HeadMarks,
    Holder,
    Issuer,
    MarksRow,
    MarksSheet,
    Notification,
    Registration,
    Signatory,
    Summary,
    TermBlock,
    TransferBlock,
    TransferRow,
)

ISSUER = Issuer(
    id="XU",
    name="University of Exampleabad",
    name_native="جامعہ مثال آباد",
    office="Office of the Controller of Examinations",
    address="1 College Road, Exampleabad",
    phone="+92 51 000 0000",
    url="sims.example.edu",
)
HOLDER = Holder(name="STUDENT NAME ONE", name_native="طالب علم", father_name="FATHER NAME ONE")
REGISTRATION = Registration(
    reg_no="2022-XU-BSCS-0417",
    roll_no="17",
    program_code="BSCS",
    program="BS Computer Science",
    level="Level 6",
    mode="regular, medium English",
    intake="Fall 2022",
    admitted_on="2022-09-01",
    requirement="130 credits, 8 semesters",
)
LEGEND = [
    (
        "Regulation BS-2021 v3: A 85+ 4.00, A- 80 3.70, B+ 75 3.30, B 70 3.00, B- 65 2.70, C+ 61 2.30, "
        "C 58 2.00, C- 55 1.70, D 50 1.00, F below; a fraction of a mark counts as one."
    ),
    (
        "W withdrawn, I incomplete, S/U non-credit, TR transferred, R/R2 repeated: the better grade counts. "
        "CGPA is quality points by GPA credits, rounded half up to two places."
    ),
]
SIGNATORIES = [
    Signatory(role="Prepared", name="NAME P", designation="Assistant"),
    Signatory(role="Compared", name="NAME C", designation="Superintendent"),
    Signatory(role="Signed", name="NAME S", designation="Controller of Examinations"),
]


def _row(
    code: str,
    title: str,
    credits: str,
    split: str,
    marks: str,
    grade: str,
    points: str = "-",
    quality: str = "-",
    mark: str = "",
    note: str = "",
) -> CourseRow:
    return CourseRow(
        code=code,
        title=title,
        credits=credits,
        split=split,
        marks=marks,
        grade=grade,
        points=points,
        quality_points=quality,
        mark=mark,
        note=note,
    )


def practice_transcript(
    serial: str = "TR-2024-004183", *, demo: bool = False, status_index: int = 4183
) -> Content:
    """The sample of the practice page: repeats, a withdrawal, an incomplete, a transfer block."""
    return Content(
        serial=serial,
        demo=demo,
        status_index=status_index,
        issued_on="2024-03-04",
        issuer=ISSUER,
        holder=HOLDER,
        registration=REGISTRATION,
        transfers=[
            TransferBlock(
                institution="Example College",
                reference="EC/14/2022",
                rows=[
                    TransferRow(title="Functional English", credits="3"),
                    TransferRow(title="Pakistan Studies", credits="3"),
                ],
                credits="6",
            )
        ],
        terms=[
            TermBlock(
                name="FALL 2022",
                rows=[
                    _row("CS-101", "Programming Fundamentals", "4", "3-1", "81", "A-", "3.70", "14.80"),
                    _row(
                        "MT-101",
                        "Calculus I",
                        "3",
                        "3-0",
                        "47",
                        "F",
                        "0.00",
                        "0.00",
                        "R",
                        "repeated, not in CGPA",
                    ),
                    _row("PH-101", "Applied Physics", "4", "3-1", "66", "B-", "2.70", "10.80"),
                    _row("EN-102", "Communication Skills", "3", "3-0", "76", "B+", "3.30", "9.90"),
                    _row("QT-001", "Translation of the Holy Quran I", "NC", "", "-", "S"),
                ],
                gpa_credits="14",
                quality_points="35.50",
                sgpa="2.54",
                cgpa="2.54",
                notification=Notification(number="118/CE/2023", date="2023-02-11"),
            ),
            TermBlock(
                name="SPRING 2023",
                rows=[
                    _row("CS-112", "Object Oriented Programming", "4", "3-1", "72", "B", "3.00", "12.00"),
                    _row("MT-102", "Linear Algebra", "3", "3-0", "61", "C+", "2.30", "6.90"),
                    _row("CS-114", "Digital Logic Design", "4", "3-1", "58", "C", "2.00", "8.00"),
                    _row("HU-104", "Ethics", "2", "2-0", "85", "A", "4.00", "8.00"),
                    _row("SS-103", "Introduction to Sociology", "3", "3-0", "-", "W"),
                ],
                gpa_credits="13",
                quality_points="34.90",
                sgpa="2.68",
                cgpa="2.61",
                notification=Notification(number="266/CE/2023", date="2023-07-20"),
            ),
            TermBlock(
                name="SUMMER 2023",
                rows=[_row("MT-101", "Calculus I (attempt 2)", "3", "3-0", "68", "B-", "2.70", "8.10", "R2")],
                gpa_credits="3",
                quality_points="8.10",
                sgpa="2.70",
                cgpa="2.91",
                notification=Notification(number="301/CE/2023", date="2023-09-05"),
            ),
            TermBlock(
                name="FALL 2023",
                rows=[
                    _row("CS-211", "Data Structures", "4", "3-1", "79", "B+", "3.30", "13.20"),
                    _row(
                        "CS-213",
                        "Computer Organization",
                        "3",
                        "3-0",
                        "-",
                        "I",
                        note="lapses to F on 2024-06-30",
                    ),
                    _row("MT-203", "Probability and Statistics", "3", "3-0", "84", "A-", "3.70", "11.10"),
                    _row("SS-103", "Introduction to Sociology", "3", "3-0", "70", "B", "3.00", "9.00"),
                    _row("CS-215", "Theory of Automata", "3", "3-0", "54", "D", "1.00", "3.00"),
                ],
                gpa_credits="13",
                quality_points="36.30",
                sgpa="2.79",
                cgpa="2.87",
                notification=Notification(number="031/CE/2024", date="2024-02-09"),
            ),
        ],
        summary=Summary(
            attempted="49",
            gpa_credits="40",
            earned="40",
            transferred="6",
            quality_points="114.80",
            cgpa="2.87",
            derivation="114.80/40, half up",
        ),
        legend=LEGEND,
        signatories=SIGNATORIES,
    )


def long_transcript(courses: int = 50, serial: str = "TR-2026-000050", per_term: int = 6) -> Content:
    """A complete record of so many courses."""
    rows = [
        _row(
            f"CS-{100 + index}",
            f"Course of Study Number {index + 1}"
            + (" with Laboratory and Field Work" if index % 7 == 3 else ""),
            "3",
            "3-0",
            str(60 + index % 35),
            ("B", "B+", "A-", "A", "C+")[index % 5],
            ("3.00", "3.30", "3.70", "4.00", "2.30")[index % 5],
            ("9.00", "9.90", "11.10", "12.00", "6.90")[index % 5],
        )
        for index in range(courses)
    ]
    terms = [
        TermBlock(
            name=f"{'FALL' if number % 2 == 0 else 'SPRING'} {2018 + (number + 1) // 2}",
            rows=rows[start : start + per_term],
            gpa_credits="18",
            quality_points="58.80",
            sgpa="3.27",
            cgpa="3.27",
            notification=Notification(number=f"{100 + number}/CE", date=f"{2019 + number // 2}-02-11"),
        )
        for number, start in enumerate(range(0, courses, per_term))
    ]
    return Content(
        serial=serial,
        status_index=50,
        issued_on="2026-07-17",
        issuer=ISSUER,
        holder=HOLDER,
        registration=REGISTRATION,
        complete=True,
        terms=terms,
        summary=Summary(
            attempted="150",
            gpa_credits="150",
            earned="150",
            quality_points="489.00",
            cgpa="3.26",
            derivation="489.00/150, half up",
        ),
        legend=LEGEND,
        signatories=SIGNATORIES,
    )


def practice_marks_certificate(serial: str = "DMC-2024-01977") -> Content:
    """The semester's marks certificate of the practice page."""

    def row(
        code: str,
        title: str,
        theory: tuple[str, str, str],
        practical: tuple[str, str, str] | None,
        total: str,
        percentage: str,
        grade: str,
        points: str,
    ) -> MarksRow:
        heads = [HeadMarks(head="Theory", maximum=theory[0], obtained=theory[1], minimum=theory[2])]
        if practical:
            heads.append(
                HeadMarks(head="Practical", maximum=practical[0], obtained=practical[1], minimum=practical[2])
            )
        return MarksRow(
            code=code,
            title=title,
            attempt="1",
            heads=heads,
            total=total,
            percentage=percentage,
            grade=grade,
            points=points,
        )

    return Content(
        document="dmc",
        serial=serial,
        status_index=1977,
        issued_on="2024-03-04",
        issuer=ISSUER,
        holder=HOLDER,
        registration=REGISTRATION,
        marks=MarksSheet(
            examination="Terminal Examination Fall 2023, Semester 3",
            exam_roll="230417",
            rows=[
                row(
                    "CS-211",
                    "Data Structures",
                    ("60", "47", "24"),
                    ("20", "16", "8"),
                    "63/80",
                    "79",
                    "B+",
                    "3.30",
                ),
                row("CS-213", "Computer Organization", ("60", "I", ""), None, "-", "-", "I", "-"),
                row(
                    "MT-203",
                    "Probability and Statistics",
                    ("60", "50", "24"),
                    None,
                    "50/60",
                    "84",
                    "A-",
                    "3.70",
                ),
                row(
                    "SS-103",
                    "Introduction to Sociology",
                    ("60", "42", "24"),
                    None,
                    "42/60",
                    "70",
                    "B",
                    "3.00",
                ),
                row("CS-215", "Theory of Automata", ("60", "32", "24"), None, "32/60", "54", "D", "1.00"),
            ],
            obtained="187",
            maximum="260",
            in_words="one hundred and eighty-seven",
            sgpa="2.79",
            cgpa="2.87",
            standing="promoted, good standing",
            notification=Notification(number="031/CE/2024", date="2024-02-09"),
        ),
        legend=LEGEND,
        signatories=SIGNATORIES,
    )
