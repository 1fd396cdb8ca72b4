"""``python -m armod`` is the command ``armod``; ``torchrun -m armod train RECIPE`` starts it in several processes."""

from armod.course.commands.main import main

if __name__ == "__main__":
    main(prog_name="armod")
