"""Train a model of the voice anew, and write its weights and its receipt: ``python -m armod.speech NAME [CHECKPOINT]``."""

from __future__ import annotations

import sys
from pathlib import Path

from armod.speech.recipes import train, write

if __name__ == "__main__":
    name, *checkpoint = sys.argv[1:]
    model, receipt = train(name, checkpoint=Path(checkpoint[0]) if checkpoint else None)
    write(name, model, receipt)
    print(name, receipt)
