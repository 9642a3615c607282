"""One scenario with paho-mqtt: client.py HOST:PORT VERSION SCENARIO [TOPICS]. What goes wrong is raised."""

import json
import queue
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

address, version, scenario, *more = sys.argv[1:]
host, port = address.rsplit(":", 1)
protocol = {"3": mqtt.MQTTv31, "4": mqtt.MQTTv311, "5": mqtt.MQTTv5}[version]
root = f"python/{version}/{scenario}"
PATIENCE = 20


class Client:
    """A client with an inbox. Without keep, its session ends with the connection."""

    def __init__(self, name="", keep=False, will=None):
        session = {} if protocol == mqtt.MQTTv5 else {"clean_session": not keep}
        name = name or (f"py-{id(self)}" if protocol == mqtt.MQTTv31 else "")
        self.client = mqtt.Client(client_id=name, protocol=protocol, reconnect_on_failure=False, **session)
        self.inbox, self.present, self.lost, self.answers = queue.Queue(), queue.Queue(), threading.Event(), {}
        self.client.on_message = lambda _c, _u, m: self.inbox.put(m)
        self.client.on_connect = lambda _c, _u, flags, code, *_: self.present.put((code, flags["session present"]))
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.subscribed = queue.Queue()
        self.client.on_subscribe = lambda _c, _u, _mid, codes, *_: self.subscribed.put([getattr(c, "value", c) for c in codes])
        if will:
            self.client.will_set(*will)
        arguments = {}
        if protocol == mqtt.MQTTv5:
            arguments = {"clean_start": not keep, "properties": Properties(PacketTypes.CONNECT)}
            arguments["properties"].SessionExpiryInterval = 600 if keep else 0
        self.client.connect(host, int(port), **arguments)
        self.client.loop_start()
        code, self.resumed = self.present.get(timeout=PATIENCE)
        assert code == 0, code

    def subscribe(self, filter, qos):
        self.client.subscribe(filter, qos)
        assert self.subscribed.get(timeout=PATIENCE) == [qos], filter

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        self.client.publish(topic, payload, qos, retain, properties).wait_for_publish(PATIENCE)

    def expect(self, topic, payload, qos=0, retain=False):
        m = self.inbox.get(timeout=PATIENCE)
        got = (m.topic, m.payload.decode(), m.qos, bool(m.retain))
        assert got == (topic, payload, qos, retain), f"got {got}, want {(topic, payload, qos, retain)}"
        return m

    def drop(self):
        """Ends the network connection without DISCONNECT."""
        self.client.socket().shutdown(1)
        assert self.lost.wait(PATIENCE)
        self.client.loop_stop()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def qos():
    pub, sub = Client(), Client()
    for granted in range(3):
        sub.subscribe(f"{root}/+", granted)
        for q in range(3):
            for i in range(20):
                pub.publish(f"{root}/x", str(i), q)
                sub.expect(f"{root}/x", str(i), min(q, granted))
    pub.close(), sub.close()


def retained():
    pub = Client()
    pub.publish(f"{root}/a", "first", 1, True)
    pub.publish(f"{root}/a", "second", 2, True)
    pub.publish(f"{root}/b", "gone", 1, True)
    pub.publish(f"{root}/b", "", 1, True)
    sub = Client()
    sub.subscribe(f"{root}/#", 2)
    sub.expect(f"{root}/a", "second", 2, True)
    pub.publish(f"{root}/a", "live", 1, True)
    sub.expect(f"{root}/a", "live", 1, False)
    pub.publish(f"{root}/a", "", 0, True)  # nothing stays for other scenarios
    pub.close(), sub.close()


def will():
    watcher = Client()
    watcher.subscribe(root, 1)
    Client(will=(root, "offline", 1, True)).drop()
    watcher.expect(root, "offline", 1)
    late = Client()
    late.subscribe(root, 1)
    late.expect(root, "offline", 1, True)
    late.publish(root, "", 0, True)
    watcher.close(), late.close()


def session():
    name = f"sleeper-py-{version}"
    first = Client(name, keep=True)
    assert not first.resumed
    first.subscribe(root, 1)
    first.drop()
    pub = Client()
    pub.publish(root, "not kept")
    for i in range(20):
        pub.publish(root, str(i), 1)
    again = Client(name, keep=True)
    assert again.resumed == (protocol != mqtt.MQTTv31)  # 3.1 cannot say
    for i in range(20):
        again.expect(root, str(i), 1)
    pub.close(), again.close()


def shared():
    n, members, pub = 300, [Client() for _ in range(3)], Client()
    inbox = queue.Queue()
    for who, member in enumerate(members):
        member.client.on_message = lambda _c, _u, m, who=who: inbox.put((int(m.payload), who))
        member.subscribe(f"$share/crew/{root}/#", 1)
    for i in range(n):
        pub.publish(f"{root}/x", str(i), 1)
    got = [inbox.get(timeout=PATIENCE) for _ in range(n)]
    assert sorted(i for i, _ in got) == list(range(n)), "each message comes once"
    counts = [sum(1 for _, w in got if w == who) for who in range(3)]
    assert min(counts) > n / 10, f"members took {counts}"
    for c in [pub, *members]:
        c.close()


def topics():
    pub, sub = Client(), Client()
    sub.subscribe("#", 1)
    sub.subscribe("$test/#", 1)
    for topic in json.loads(more[0]):
        pub.publish(topic, topic, 1)
        sub.expect(topic, topic, 1)
    pub.close(), sub.close()


def properties():
    pub, sub = Client(), Client()
    identifier = Properties(PacketTypes.SUBSCRIBE)
    identifier.SubscriptionIdentifier = 77
    sub.client.subscribe(root, options=SubscribeOptions(qos=1), properties=identifier)
    assert sub.subscribed.get(timeout=PATIENCE) == [1]
    p = Properties(PacketTypes.PUBLISH)
    p.ContentType, p.ResponseTopic, p.CorrelationData = "text/plain", "answers/7 a", b"\x00\xff\n"
    p.PayloadFormatIndicator, p.MessageExpiryInterval = 1, 600
    p.UserProperty = [("b", "2"), ("a", "1"), ("b", "1"), ("Küche Licht", "an")]
    pub.publish(root, "x", 1, properties=p)
    got = sub.expect(root, "x", 1).properties
    assert got.SubscriptionIdentifier == [77], got
    for name in ("ContentType", "ResponseTopic", "CorrelationData", "PayloadFormatIndicator", "MessageExpiryInterval", "UserProperty"):
        assert getattr(got, name) == getattr(p, name), f"{name}: {getattr(got, name)}"
    pub.close(), sub.close()


globals()[scenario]()
