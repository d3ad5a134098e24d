# A cluster to talk to: docker build -t kubeactors . && docker run --rm -p 6443:6443 -v "$PWD/kube:/kube" kubeactors
# Its kubeconfig is then kube/config; the address in it is 127.0.0.1:6443.
FROM python:3.13-slim
RUN useradd --create-home --uid 10001 orchestrator
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir '.[plots]' && rm -rf /src/* && mkdir /kube && chown orchestrator /kube
USER orchestrator
WORKDIR /home/orchestrator
VOLUME /kube
EXPOSE 6443
ENTRYPOINT ["orchestrator"]
CMD ["up", "--listen", "0.0.0.0:6443", "--kubeconfig", "/kube/config"]
