"""Record mqtt-5.pcap: MQTT 5, 3.1.1 and 3.1 over WebSocket, through Mosquitto, which
refuses some of what the clients want.

The broker cannot tell what it sends, so the log is that of its clients.
"""

import base64
import hashlib
import json
import queue
import subprocess
import sys
import tempfile
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import node_programs
from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

DYNAMIC_SECURITY = "mosquitto_dynamic_security.so"
PATH = "/mqtt"
SECONDS = 20


def main(folder):
    capture = Path(folder) / "mqtt-5.pcap"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, Capture(capture, port):
        broker = start_broker(Path(scratch), port)
        try:
            wait_until_listening(port, broker)
            lines = node_programs.run("mqtt-5-clients.js", port)
            archive(port, log)
            old_sensor(port, log)
            refused(port, log)
        finally:
            broker.terminate()
            broker.wait(timeout=SECONDS)
    node_programs.add_lines(log, lines)
    log.write()


def start_broker(scratch, port):
    """Open to all but for topics below secret/, and to demo with its password."""
    salt = bytes(12)
    password = hashlib.pbkdf2_hmac("sha512", b"demo", salt, 101)
    rules = [{"acltype": kind, "topic": topic, "priority": priority, "allow": allow}
             for kind in ("subscribePattern", "publishClientSend")
             for topic, priority, allow in [("secret/#", 2, False), ("#", 1, True)]]
    (scratch / "security.json").write_text(json.dumps({
        "defaultACLAccess": {"publishClientSend": False, "publishClientReceive": True,
                             "subscribe": False, "unsubscribe": True},
        "roles": [{"rolename": "guest", "acls": rules}],
        "groups": [{"groupname": "guests", "roles": [{"rolename": "guest"}]}],
        "anonymousGroup": "guests",
        "clients": [{"username": "demo", "password": base64.b64encode(password).decode(),
                     "salt": base64.b64encode(salt).decode(), "iterations": 101,
                     "roles": [{"rolename": "guest"}]}]}))
    plugin, = Path("/usr/lib").glob(f"*/{DYNAMIC_SECURITY}")
    # Mosquitto 2.0.11 does not start with a WebSocket listener alone.
    (scratch / "mosquitto.conf").write_text(
        "allow_anonymous true\n"
        f"plugin {plugin}\nplugin_opt_config_file {scratch / 'security.json'}\n"
        f"listener {free_port()} 127.0.0.1\n"
        f"listener {port} 127.0.0.1\nprotocol websockets\n")
    # Else it would change its user and could not read that.
    (scratch / "mosquitto.conf").open("a").write("user root\n")
    return subprocess.Popen(["mosquitto", "-c", scratch / "mosquitto.conf"],
                            stderr=subprocess.DEVNULL)


def archive(port, log):
    """MQTT 5 with a library that writes each packet in one message."""
    client = LoggedClient(port, log, "archive", paho.MQTTv5)
    client.connect()
    client.subscribe([("house/+/name", 1), ("secret/+", 0)])
    client.wait("message")
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "text/csv"
    properties.UserProperty = [("from", "paho"), ("from", "archive")]
    client.publish("archive/list", "Küche;20,5\n", 1, properties)
    client.unsubscribe("house/+/name")
    client.disconnect()


def old_sensor(port, log):
    """MQTT 3.1.1."""
    client = LoggedClient(port, log, "old-sensor", paho.MQTTv311, will=True)
    client.connect()
    client.subscribe([("house/old/#", 1), ("secret/#", 1)])
    client.publish("house/old/humidity", json.dumps({"percent": 40}), 1)
    client.wait("message")
    client.publish("house/old/door", "open", 2)
    client.wait("message")
    client.disconnect()


def refused(port, log):
    client = LoggedClient(port, log, "stranger", paho.MQTTv5, password="guess")
    client.connect()
    client.end()


class LoggedClient:
    """A client that waits for the answer to whatever it does."""

    def __init__(self, port, log, name, version, will=False, password=None):
        self.port, self.log, self.name, self.version = port, log, name, version
        self.five = version == paho.MQTTv5
        self.happened, self.waiting = queue.Queue(), []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=version,
                                  transport="websockets", reconnect_on_failure=False)
        self.client.ws_set_options(path=PATH)
        self.password, self.will = password, will
        if password:
            self.client.username_pw_set("demo", password)
        if will:
            self.client.will_set("house/old/gone", "no more")
        self.client.on_connect = self.on_connect
        self.client.on_message = self.on_message
        self.client.on_publish = self.on_publish
        self.client.on_subscribe = self.on_subscribe
        self.client.on_unsubscribe = self.on_unsubscribe
        self.client.on_disconnect = lambda *_: self.happened.put("over")

    def wait(self, event):
        while event not in self.waiting:
            self.waiting.append(self.happened.get(timeout=SECONDS))
        self.waiting.remove(event)

    def said(self, **app):
        self.log.said("client", self.address, app)

    def heard(self, answers=None, **app):
        self.log.heard("client", self.address, app, answers)

    def connect(self):
        def opened(client, *_):
            self.address = client.socket().client
            app = {"version": "5" if self.five else "3.1.1", "client_id": self.name,
                   "keep_alive": 30}
            if self.password:
                app["username"] = "demo"
            if self.will:
                app["will"] = {"topic": "house/old/gone", "qos": 0, "retain": False,
                               "text": "no more"}
            self.said(type="CONNECT", **app)

        self.client.on_socket_open = opened
        LoggedWebSocket.log = self.log
        paho._WebsocketWrapper = LoggedWebSocket
        self.client.connect("127.0.0.1", self.port, keepalive=30)
        self.client.loop_start()
        self.wait("connected")

    def on_connect(self, client, userdata, flags, reason, properties):
        self.heard(type="CONNACK", session_present=flags.session_present,
                   reason_code=reason.value, answers={"type": "CONNECT"})
        self.happened.put("connected")

    def subscribe(self, topics):
        options = {"no_local": False, "retain_as_published": False, "retain_handling": 0}
        self.said(type="SUBSCRIBE", topics=[
            {"filter": name, "qos": qos} | (options if self.five else {}) for name, qos in topics])
        if self.five:
            topics = [(name, paho.SubscribeOptions(qos)) for name, qos in topics]
        self.client.subscribe(topics)
        self.wait("subscribed")

    def on_subscribe(self, client, userdata, packet_id, reasons, properties):
        self.heard(type="SUBACK", packet_id=packet_id, reason_codes=[r.value for r in reasons],
                   answers={"type": "SUBSCRIBE", "packet_id": packet_id})
        self.happened.put("subscribed")

    def unsubscribe(self, topic):
        self.said(type="UNSUBSCRIBE", topics=[{"filter": topic}])
        self.client.unsubscribe(topic)
        self.wait("unsubscribed")

    def on_unsubscribe(self, client, userdata, packet_id, reasons, properties):
        self.heard(type="UNSUBACK", packet_id=packet_id,
                   answers={"type": "UNSUBSCRIBE", "packet_id": packet_id})
        self.happened.put("unsubscribed")

    def publish(self, topic, payload, qos, properties=None):
        told = {"properties": described(properties)} if properties else {}
        self.qos = qos
        self.said(type="PUBLISH", topic=topic, qos=qos, retain=False, dup=False,
                  **payload_of(payload.encode()), **told)
        self.client.publish(topic, payload, qos, properties=properties)
        self.wait("published")

    def on_publish(self, client, userdata, packet_id, reason, properties):
        kind, request = ("PUBACK", "PUBLISH") if self.qos == 1 else ("PUBCOMP", "PUBREL")
        self.heard(type=kind, packet_id=packet_id,
                   answers={"type": request, "packet_id": packet_id})
        self.happened.put("published")

    def on_message(self, client, userdata, message):
        self.heard(type="PUBLISH", topic=message.topic, qos=message.qos, retain=message.retain,
                   dup=message.dup, **payload_of(message.payload))
        self.happened.put("message")

    def disconnect(self):
        self.said(type="DISCONNECT")
        self.client.disconnect()
        self.end()

    def end(self):
        self.wait("over")
        self.client.loop_stop()


def described(properties):
    told = {"content_type": properties.ContentType}
    told["user_property"] = [list(pair) for pair in properties.UserProperty]
    return told


def payload_of(payload):
    text = payload.decode()
    return {"json": json.loads(text)} if text.startswith("{") else {"text": text}


class LoggedWebSocket(paho._WebsocketWrapper):
    """What the library has of WebSocket, telling each message."""

    def __init__(self, *, socket, path, **rest):
        self.client = socket.getsockname()
        self.message = b""
        super().__init__(socket=socket, path=path, **rest)
        # It checks this itself. The broker never sends a Close frame, nor does the library.
        self.log.connection(self.client, socket.getpeername(), path, "mqtt", end="tcp-closed")

    def _create_frame(self, opcode, data, do_masking=1):
        assert opcode == self.OPCODE_BINARY
        self.log.sent("client", self.client, "binary", bytes(data))
        return super()._create_frame(opcode, data, do_masking)

    def _recv_impl(self, length):
        self.message += (part := super()._recv_impl(length))
        # At the end of a frame nothing of it is left.
        if part and self._payload_head == 0:
            self.log.received("client", self.client, "binary", self.message)
            self.message = b""
        return part


if __name__ == "__main__":
    main(sys.argv[1])
