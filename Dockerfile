# mgskel with both estimators, from the pinned lists that `make` uses too.
#
#   docker build -t mgskel .
#   docker run --rm -v "$PWD:/data" mgskel analyze clip.mp4 -o out
#
# torch's usual build for Linux carries CUDA. Without a GPU a smaller one does:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu -t mgskel .

# Python and what compiles: one small package of the list has to be built. Also the devcontainer's.
FROM python:3.11-slim-bookworm AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential git make \
 && rm -rf /var/lib/apt/lists/*

FROM tools AS build
ARG PIP_EXTRA_INDEX_URL
WORKDIR /opt/mgskel
# The lists first: while they stay, a changed source installs nothing anew.
COPY requirements requirements
COPY pyproject.toml README.md LICENSE ./
COPY mgskel/__init__.py mgskel/__init__.py
COPY mgskel/core/version.py mgskel/core/version.py
RUN PIP_NO_CACHE_DIR=1 sh requirements/install.sh .venv
COPY mgskel mgskel
RUN .venv/bin/python -m compileall -q mgskel

# What runs: no compiler, and nobody's root.
FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 mgskel
COPY --from=build /opt/mgskel /opt/mgskel
ENV PATH=/opt/mgskel/.venv/bin:$PATH OMP_NUM_THREADS=1
USER mgskel
WORKDIR /data
ENTRYPOINT ["mgskel"]
CMD ["--help"]
