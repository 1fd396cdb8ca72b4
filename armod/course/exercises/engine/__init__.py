"""What every exercise stands on: answers, questions, judging, results."""
