from typing import Any

import pytest

from tests.desktop.approvals.program import program  # noqa: F401
from tests.server.results.scene import enter
from tests.support.university import University


@pytest.fixture
def scene(university: University) -> dict[str, Any]:
    """CS-101 A with three students, the second of them without a final; CS-202 B not started."""
    scene = university.stand(students=3)
    enter(university, scene, 0, [16, 40, 70])
    enter(university, scene, 1, [16, 40, None])
    enter(university, scene, 2, [12, 25, 40])
    other = university.section(
        university.course(scene["department"], "CS-202"), scene["term"], "B", staff=(scene["faculty"],)
    )
    university.assessment(other)
    university.enrollment(scene["registrations"][0], other)
    return {**scene, "other": other}
