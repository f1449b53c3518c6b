# Three stages: OHIF's package from npm, the viewer that serves it, the node.

FROM node:22-bookworm-slim AS ohif
WORKDIR /package
RUN npm pack --silent @ohif/app@3.13.2

FROM python:3.12-slim-bookworm AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --create-home --uid 1000 pacs && mkdir /data && chown pacs:pacs /data
VOLUME /data
ENV PACS_NODE_NODE__DATA_DIR=/data TCP_NODELAY=1
COPY constraints.txt pyproject.toml README.md node.toml ./

# Serves OHIF and passes /dicom-web on to the archive. The package is proven by its
# sha512 before it is unpacked (orthanc/ohif.py).
FROM base AS viewer
RUN pip install --constraint constraints.txt pydantic-settings requests
COPY node/__init__.py node/config.py node/errors.py node/
COPY orthanc orthanc
COPY --from=ohif /package /tmp/package
RUN python -m orthanc.ohif --tarball /tmp/package/*.tgz && rm -r /tmp/package
USER pacs
ENTRYPOINT ["sh", "-c", "python -m orthanc.render viewer >/dev/null && exec python -m orthanc.viewer --dist .cache/ohif/3.13.2/dist \"$@\"", "viewer"]
CMD ["--listen", "0.0.0.0"]

# Receives, reads, reports and sends. The CPU build of torch keeps the image small;
# --build-arg TORCH_INDEX= takes the one with CUDA.
FROM base AS node
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep ^torch== constraints.txt)"
COPY node node
COPY models models
COPY orthanc orthanc
COPY lua lua
RUN pip install --constraint constraints.txt --editable .
USER pacs
EXPOSE 11113
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "node", "check"]
CMD ["python", "-m", "node", "run", "--listen", "0.0.0.0"]
