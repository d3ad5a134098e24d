# A cluster to talk to (docs/serving.md):
#   docker build -t kubeactors . && mkdir -p kube
#   docker run --rm --user "$(id -u)" -p 127.0.0.1:6443:6443 -v "$PWD/kube:/kube" kubeactors
# Its kubeconfig is then kube/config, and the address in it 127.0.0.1:6443. Podman and Buildah build it, too.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --find-links /wheels "kubeactors[plots,top]" \
    && useradd --create-home --uid 10001 orchestrator \
    && mkdir /kube && chown orchestrator /kube
USER orchestrator
WORKDIR /home/orchestrator
VOLUME /kube
EXPOSE 6443
ENTRYPOINT ["orchestrator"]
CMD ["up", "--listen", "0.0.0.0:6443", "--kubeconfig", "/kube/config"]
