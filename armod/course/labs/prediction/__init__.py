"""A guess before the reveal: `predict` asks in the lesson, `predictions` looks back at its foot.

The answer is computed in the lesson and lies folded in the output; `card.js` takes the guess first, `verdict.js` compares
and keeps it in the browser, and where no script runs the fold is there to open.
"""
