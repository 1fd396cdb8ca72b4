# Where `armod grade --runner docker` locks students' code in: Python, what armod requires, and the library. The checks,
# the solutions and the grader are not there. To build it: docker build --tag armod-grading:0.1.0 .
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS requirements
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /requirements
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; found = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
               print(*found['dependencies'], *found['optional-dependencies']['course'], sep='\n')" > all.txt \
    && python -m pip install --no-cache-dir --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url $TORCH_INDEX} torch \
    && python -m pip install --no-cache-dir --constraint constraints.txt --requirement all.txt

FROM requirements AS library
COPY armod /source/armod
RUN cd /source \
    && python -c "from pathlib import Path; from armod.course.grading.confinement.visible import copy_library; copy_library(Path('/library'))" \
    && python -m compileall -q /library

FROM requirements
COPY --from=library /library /library
ENV PYTHONPATH=/library
