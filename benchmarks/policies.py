"""The policies of a generated namespace: the usual defaults, then six sorts in turn."""

from random import Random

from benchmarks.emit import Raw
from benchmarks.shape import ENVIRONMENTS, TEAMS, TIERS, App, Shape, meta_of, namespace_name


def policy(shape: Shape, number: int, index: int, apps: list[App], random: Random) -> Raw:
    """Policy ``index`` of namespace ``number``; each namespace starts with another sort, so few policies show all."""
    name, spec = _spec(index, index + number, apps, random)
    meta = meta_of(shape, "NetworkPolicy", name, namespace_name(number))
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _spec(index: int, turn: int, apps: list[App], random: Random) -> tuple[str, Raw]:
    """The name and spec of policy ``index``; ``turn`` picks the sort after the two defaults."""
    if index == 0:
        return "default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"][: random.choice((1, 2, 2))]}
    if index == 1:
        dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
        return "allow-dns", {"egress": [{"ports": dns}], "podSelector": {}, "policyTypes": ["Egress"]}
    source = random.choice(TIERS)
    target = random.choice(apps)
    subject: Raw = {"matchLabels": {"app": target.name}}
    name = f"policy-{index:04d}"
    number = {"port": target.port, "protocol": "TCP"}
    named = {"port": target.port_name, "protocol": "TCP"}
    match turn % 6:
        case 0:  # a tier of the same namespace, by the port's name
            return name, _allow(subject, [{"podSelector": {"matchLabels": {"tier": source}}}], [named])
        case 1:  # a team's namespaces and some of their tiers, by number
            tiers = sorted(random.sample(TIERS, 2))
            peer = {
                "namespaceSelector": {"matchLabels": {"team": f"team-{random.randrange(TEAMS)}"}},
                "podSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": tiers}]},
            }
            return name, _allow(subject, [peer], [number])
        case 2:  # an address block with a hole, a range of ports
            outer = f"10.{random.randrange(64, 128)}"
            block = {"cidr": f"{outer}.0.0/16", "except": [f"{outer}.{random.randrange(256)}.0/24"]}
            ports = [{"endPort": 8099, "port": 8080, "protocol": "TCP"}, number]
            return name, _allow(subject, [{"ipBlock": block}], ports)
        case 3:  # a tier may leave to another one, anywhere in one environment
            peer = {
                "namespaceSelector": {"matchLabels": {"env": random.choice(ENVIRONMENTS)}},
                "podSelector": {"matchLabels": {"tier": random.choice(TIERS)}},
            }
            subject = {"matchLabels": {"tier": source}}
            ports = [{"endPort": 9100, "port": 5000, "protocol": "TCP"}]
            return name, {"egress": [{"ports": ports, "to": [peer]}], "podSelector": subject, "policyTypes": ["Egress"]}
        case 4:  # everybody but an environment, with the negative operators
            expressions = [{"key": "env", "operator": "NotIn", "values": [random.choice(ENVIRONMENTS)]}]
            shards: Raw = {"key": "legacy", "operator": "DoesNotExist"}
            peer = {
                "namespaceSelector": {"matchExpressions": expressions},
                "podSelector": {"matchExpressions": [shards, {"key": "shard", "operator": "Exists"}]},
            }
            return name, _allow({"matchLabels": {"tier": source}}, [peer], [{"port": "metrics"}])
        case _:  # out to the Internet but not to private addresses
            block = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}
            rule = {"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": block}]}
            subject = {"matchLabels": {"shard": f"s{random.randrange(3)}"}}
            return name, {"egress": [rule], "podSelector": subject, "policyTypes": ["Egress"]}


def _allow(subject: Raw, peers: list[Raw], ports: list[Raw]) -> Raw:
    return {"ingress": [{"from": peers, "ports": ports}], "podSelector": subject, "policyTypes": ["Ingress"]}
