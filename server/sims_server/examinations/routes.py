"""Routes of examinations."""

from __future__ import annotations

from sims_server.examinations import operations, queries
from sims_server.kernel.http import File, command, listing, read
from sims_shared import examinations as x
from sims_shared.access import Permission
from sims_shared.problems import NotFound
from sims_shared.transcripts import JobStarted

P = Permission
ROOM = "/api/exam-rooms/{id:int}/"
PAPER = "/api/exam-papers/{id:int}/"
PDF = "application/pdf"

routes = [
    listing("/api/exam-rooms/", queries.ROOMS, x.ExamRoomView, permission=P.READ_CATALOG),
    read(ROOM, queries.get_exam_room, x.ExamRoomView, permission=P.READ_CATALOG),
    command(
        "POST",
        "/api/exam-rooms/",
        x.AddExamRoom,
        operations.add_exam_room,
        x.ExamRoomView,
        status=201,
        location=lambda view: f"/api/exam-rooms/{view.id}/",
        refusals=(x.ExamRoomTaken,),
    ),
    command(
        "PATCH",
        ROOM,
        x.ChangeExamRoom,
        operations.change_exam_room,
        x.ExamRoomView,
        locate=queries.access_exam_room,
        view=queries.get_exam_room,
        refusals=(x.ExamRoomTaken,),
    ),
    command(
        "DELETE",
        ROOM,
        x.RemoveExamRoom,
        operations.remove_exam_room,
        None,
        status=204,
        locate=queries.access_exam_room,
        view=queries.get_exam_room,
        refusals=(x.ExamRoomInUse,),
    ),
    listing("/api/exam-papers/", queries.PAPERS, x.ExamPaperView, permission=P.READ_ATTENDANCE),
    read(
        "/api/exam-papers/conflicts/",
        queries.get_date_sheet_conflicts,
        x.DateSheetConflicts,
        permission=P.MANAGE_EXAMINATIONS,
        parameters=x.OneTerm,
        refusals=(NotFound,),
    ),
    read(PAPER, queries.get_exam_paper, x.ExamPaperView, permission=P.READ_ATTENDANCE),
    command(
        "POST",
        "/api/exam-papers/",
        x.AddExamPaper,
        operations.add_exam_paper,
        x.ExamPaperView,
        status=201,
        location=lambda view: f"/api/exam-papers/{view.id}/",
        refusals=(x.PaperExists, x.PaperOutsideTerm, x.PaperSectionCancelled),
    ),
    command(
        "PATCH",
        PAPER,
        x.ChangeExamPaper,
        operations.change_exam_paper,
        x.ExamPaperView,
        locate=queries.access_exam_paper,
        view=queries.get_exam_paper,
        refusals=(x.PaperExists, x.PaperOutsideTerm, x.PaperSectionCancelled),
    ),
    command(
        "DELETE",
        PAPER,
        x.RemoveExamPaper,
        operations.remove_exam_paper,
        None,
        status=204,
        locate=queries.access_exam_paper,
        view=queries.get_exam_paper,
    ),
    listing("/api/exam-sections/", queries.SECTIONS, x.ExamSection, permission=P.MANAGE_EXAMINATIONS),
    command("POST", "/api/exam-slips/", x.PrintSlips, operations.print_slips, JobStarted, status=202),
    read(
        "/api/exam-slips/{job_id:int}/pdf/",
        queries.get_slips_pdf,
        File,
        permission=P.MANAGE_EXAMINATIONS,
        media_type=PDF,
    ),
    read(
        "/api/students/{id:int}/exam-slip/",
        queries.get_exam_slip,
        x.ExamSlip,
        permission=P.READ_ENROLLMENTS,
    ),
    read(
        "/api/students/{id:int}/exam-slip/pdf/",
        operations.print_exam_slip,
        File,
        permission=P.READ_ENROLLMENTS,
        media_type=PDF,
        changes=True,
        refusals=(x.NothingToSit, x.SlipHeld, x.SlipClash, x.SlipUnprintable),
    ),
]
