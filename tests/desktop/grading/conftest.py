from tests.desktop.grading.shelves import make_shelf  # noqa: F401
