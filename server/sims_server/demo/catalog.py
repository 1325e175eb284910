"""What the demo university teaches: 6 departments, 20 programs, 120 courses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its programs (code, name, level, credits, share of its students) and its 20
    courses, five a year; the digit is the credits."""

    code: str
    name: str
    faculty: str
    programs: tuple[tuple[str, str, str, int, int], ...]
    courses: str

    def course_rows(self) -> list[tuple[str, str, int]]:
        """(code, title, credits), the code's first digit being the year of study."""
        titles = [title.strip() for title in self.courses.strip().split("|")]
        rows = []
        for place, titled in enumerate(titles):
            title, credits = titled[:-2], int(titled[-1])
            rows.append((f"{self.code}-{place // 5 + 1}0{place % 5 + 1}", title, credits))
        return rows


DEPARTMENTS: tuple[Department, ...] = (
    Department(
        "CS",
        "Department of Computer Science",
        "Faculty of Computing and Engineering",
        (
            ("BSCS", "BS Computer Science", "UG", 130, 55),
            ("BSSE", "BS Software Engineering", "UG", 130, 35),
            ("MSCS", "MS Computer Science", "MS", 30, 8),
            ("PHDCS", "PhD Computer Science", "PhD", 48, 2),
        ),
        """Programming Fundamentals 4|Introduction to Computing 3|Discrete Structures 3|
        Object Oriented Programming 4|Digital Logic Design 4|
        Data Structures 4|Computer Organization 3|Theory of Automata 3|Database Systems 4|Operating Systems 4|
        Design and Analysis of Algorithms 3|Computer Networks 4|Software Engineering 3|
        Artificial Intelligence 3|Compiler Construction 3|
        Information Security 3|Parallel and Distributed Computing 3|Machine Learning 3|
        Human Computer Interaction 3|Final Year Project 6""",
    ),
    Department(
        "EE",
        "Department of Electrical Engineering",
        "Faculty of Computing and Engineering",
        (
            ("BSEE", "BS Electrical Engineering", "UG", 136, 60),
            ("BSTE", "BS Telecommunication Engineering", "UG", 136, 30),
            ("MSEE", "MS Electrical Engineering", "MS", 30, 10),
        ),
        """Linear Circuit Analysis 4|Engineering Drawing 2|Basic Electronics 3|Electrical Network Analysis 4|
        Workshop Practice 2|
        Electronic Devices and Circuits 4|Signals and Systems 4|Electrical Machines 4|
        Probability Methods in Engineering 3|Electromagnetic Field Theory 3|
        Control Systems 4|Communication Systems 4|Power Electronics 4|Microprocessor Systems 4|
        Digital Signal Processing 4|
        Power System Analysis 3|Renewable Energy Systems 3|Embedded Systems 4|High Voltage Engineering 3|
        Engineering Design Project 6""",
    ),
    Department(
        "MT",
        "Department of Mathematics",
        "Faculty of Sciences",
        (
            ("BSMT", "BS Mathematics", "UG", 130, 55),
            ("BSST", "BS Statistics", "UG", 130, 35),
            ("MSMT", "MS Mathematics", "MS", 30, 10),
        ),
        """Calculus I 3|Linear Algebra 3|Elementary Number Theory 3|Calculus II 3|
        Introduction to Statistics 3|
        Multivariable Calculus 3|Ordinary Differential Equations 3|Group Theory 3|Probability Theory 3|
        Numerical Analysis 4|
        Real Analysis 3|Complex Analysis 3|Partial Differential Equations 3|Topology 3|
        Mathematical Statistics 3|
        Functional Analysis 3|Measure Theory 3|Operations Research 3|Differential Geometry 3|
        Research Project in Mathematics 6""",
    ),
    Department(
        "PH",
        "Department of Physics",
        "Faculty of Sciences",
        (
            ("BSPH", "BS Physics", "UG", 132, 60),
            ("BSEN", "BS Energy Physics", "UG", 132, 30),
            ("MSPH", "MS Physics", "MS", 30, 10),
        ),
        """Mechanics 4|Waves and Oscillations 3|Heat and Thermodynamics 3|Electricity and Magnetism 4|
        Physics Laboratory I 2|
        Modern Physics 3|Optics 3|Mathematical Methods of Physics 3|Analog Electronics 4|
        Physics Laboratory II 2|
        Classical Mechanics 3|Quantum Mechanics I 3|Electrodynamics 3|Statistical Mechanics 3|
        Solid State Physics 3|
        Quantum Mechanics II 3|Nuclear Physics 3|Computational Physics 4|Plasma Physics 3|
        Research Project in Physics 6""",
    ),
    Department(
        "BA",
        "Department of Business Administration",
        "Faculty of Management and Humanities",
        (
            ("BBA", "Bachelor of Business Administration", "UG", 126, 45),
            ("BSAF", "BS Accounting and Finance", "UG", 126, 30),
            ("BSCM", "BS Commerce", "UG", 126, 15),
            ("MBA", "Master of Business Administration", "MS", 36, 10),
        ),
        """Principles of Management 3|Business Mathematics 3|Microeconomics 3|Financial Accounting 3|
        Business Communication 3|
        Principles of Marketing 3|Cost Accounting 3|Macroeconomics 3|Business Statistics 3|
        Organizational Behaviour 3|
        Financial Management 3|Human Resource Management 3|Business Law 3|Operations Management 3|
        Consumer Behaviour 3|
        Strategic Management 3|Entrepreneurship 3|Investment Analysis 3|Supply Chain Management 3|
        Internship Report 3""",
    ),
    Department(
        "EN",
        "Department of English",
        "Faculty of Management and Humanities",
        (
            ("BSEL", "BS English Literature", "UG", 130, 60),
            ("BSLI", "BS Linguistics", "UG", 130, 30),
            ("MSAL", "MS Applied Linguistics", "MS", 30, 10),
        ),
        """Functional English 3|Introduction to Literature 3|History of English Literature 3|
        Phonetics and Phonology 3|Composition and Comprehension 3|
        Classical Poetry 3|Introduction to Linguistics 3|Drama 3|Short Fiction 3|Academic Writing 3|
        Romantic Poetry 3|The Novel 3|Sociolinguistics 3|Literary Criticism 3|Psycholinguistics 3|
        Postcolonial Literature 3|Stylistics 3|Discourse Analysis 3|Translation Studies 3|
        Dissertation in English 6""",
    ),
)
