"""Every SELECT of grading: assessments, scores, sheets, and what a batch is judged by."""
