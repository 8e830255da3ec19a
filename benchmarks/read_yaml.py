"""How fast YAML is read: CPU seconds and MB a CPU second, beside PyYAML's CSafeLoader in the same run.

    python -m benchmarks.read_yaml [MEGABYTES]

The text is what `kubectl get` of many namespaces gives: Deployments with environment and probes, Services,
NetworkPolicies and Pods with status, one document each. Reading is everything that the loaders do: decoding, building,
redacting, keeping the text.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import yaml

from lib.loaders.manifests import InputFile, read_inputs

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    deployment.kubernetes.io/revision: "3"
  creationTimestamp: "2026-03-02T09:14:51Z"
  generation: 3
  labels:
    app.kubernetes.io/name: web-{n}
    app.kubernetes.io/part-of: shop
  name: web-{n}
  namespace: team-{m}
  resourceVersion: "88{n}"
  uid: 6f1c2a34-0d6b-4f3e-9d55-{n:012d}
spec:
  progressDeadlineSeconds: 600
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web-{n}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web-{n}
        tier: front
    spec:
      containers:
      - env:
        - name: DATABASE_URL
          value: postgres://web:secret-{n}@db/web
        - name: LOG_LEVEL
          value: info
        image: registry.example.com/shop/web:1.{n}.0
        imagePullPolicy: IfNotPresent
        livenessProbe:
          failureThreshold: 3
          httpGet:
            path: /healthz
            port: http
            scheme: HTTP
          periodSeconds: 10
        name: web
        ports:
        - containerPort: 8080
          name: http
          protocol: TCP
        resources:
          limits:
            cpu: 500m
            memory: 256Mi
        terminationMessagePath: /dev/termination-log
      dnsPolicy: ClusterFirst
      restartPolicy: Always
status:
  availableReplicas: 3
  conditions:
  - lastTransitionTime: "2026-03-02T09:15:30Z"
    message: Deployment has minimum availability.
    reason: MinimumReplicasAvailable
    status: "True"
    type: Available
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web-{n}
  namespace: team-{m}
spec:
  clusterIP: 10.0.{m}.7
  ports:
  - name: http
    port: 80
    protocol: TCP
    targetPort: http
  selector:
    app.kubernetes.io/name: web-{n}
  type: ClusterIP
"""
_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-{n}
  namespace: team-{m}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: web-{n}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: team-{m}
      podSelector: {{}}
    ports:
    - port: 8080
      protocol: TCP
  egress:
  - to:
    - ipBlock:
        cidr: 10.{m}.0.0/16
        except: [10.{m}.3.0/24]
"""
_POD = """\
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2026-03-02T09:14:51Z"
  generateName: web-{n}-5d9c7b6f48-
  labels:
    app.kubernetes.io/name: web-{n}
    pod-template-hash: 5d9c7b6f48
  name: web-{n}-5d9c7b6f48-x{m}z
  namespace: team-{m}
  ownerReferences:
  - apiVersion: apps/v1
    blockOwnerDeletion: true
    controller: true
    kind: ReplicaSet
    name: web-{n}-5d9c7b6f48
    uid: 6f1c2a34-0d6b-4f3e-9d55-{n:012d}
spec:
  containers:
  - image: registry.example.com/shop/web:1.{n}.0
    name: web
    ports:
    - containerPort: 8080
      name: http
      protocol: TCP
    volumeMounts:
    - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      name: kube-api-access-{n}
      readOnly: true
  nodeName: aks-nodepool1-12345678-vmss00000{m}
  tolerations:
  - effect: NoExecute
    key: node.kubernetes.io/not-ready
    operator: Exists
    tolerationSeconds: 300
status:
  phase: Running
  podIP: 10.244.{m}.9
  podIPs:
  - ip: 10.244.{m}.9
  startTime: "2026-03-02T09:14:51Z"
"""


def manifests(megabytes: float) -> bytes:
    """Multi-document YAML of about so many MB (10^6 bytes)."""
    parts: list[str] = []
    size = n = 0
    while size < megabytes * 1e6:
        text = "---\n".join(t.format(n=n, m=n % 200) for t in (_DEPLOYMENT, _SERVICE, _POLICY, _POD)) + "---\n"
        parts.append(text)
        size += len(text)
        n += 1
    return "".join(parts).encode()


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    """Print one line for NetAtlas and one for CSafeLoader."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    data = manifests(megabytes)
    ours = cpu_seconds(lambda: read_inputs([InputFile("bench.yaml", data)]))
    theirs = cpu_seconds(lambda: sum(1 for _ in yaml.load_all(data, Loader=yaml.CSafeLoader)))
    for name, seconds in (("netatlas", ours), ("CSafeLoader", theirs)):
        print(f"{name:12} {seconds:6.2f} CPU s  {len(data) / 1e6 / seconds:5.2f} MB/CPU s")


if __name__ == "__main__":
    main()
