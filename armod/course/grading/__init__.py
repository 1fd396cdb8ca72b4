"""Grading that can't be forged, stopped or lost: the student's code answers questions, it never sees the examiner.

One file a step, each handing plain data to the next::

    read -> rebuild -> run -> judge -> record -> export

- `armod.course.grading.intake.submissions`: every submission in the folder of a class, and whose it is.
- `armod.course.grading.intake.read`: the bytes of a file become a `HandedIn`, or a `Refusal` with a named reason.
- `armod.course.grading.intake.rebuild`: the released notebook with the student's answers in it; nothing else of the file
  is trusted.
- `armod.course.grading.examination`: the rebuilt notebook runs in a sandbox, and answers questions there.
- `armod.course.grading.examiner`: the checks ask them, out here.
- `armod.course.grading.marks.record`: one file a submission, whole or not there.
- `armod.course.grading.marks.export`: what instructors hand in.

`armod.course.grading.grade` takes a whole class through them, in several processes; its state lies in files alone. What
marks follow from, and so when a class is marked anew, says `armod.course.grading.sources`.
"""
