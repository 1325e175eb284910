from tests.desktop.grading.places import sit  # noqa: F401
from tests.desktop.grading.shelves import make_shelf  # noqa: F401
