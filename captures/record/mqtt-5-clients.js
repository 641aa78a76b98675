// Clients with npm's `mqtt`: one whose WebSocket gets each packet in pieces, as the library
// writes them, one that joins what is written at once, and one with MQTT 3.1. Argument:
// the broker's port.
"use strict";

const { once } = require("node:events");
const { Duplex } = require("node:stream");
const { setTimeout: sleep } = require("node:timers/promises");
const mqtt = require("mqtt");
const { WebSocket, createWebSocketStream } = require("ws");
const { loggedClient } = require("./message-log.js");

const url = `ws://127.0.0.1:${process.argv[2]}/mqtt`;
const LoggedWebSocket = loggedClient(WebSocket, { tellsConnections: true });

async function main() {
  // What it subscribes to is there for whoever comes with its name again.
  const display = await connected({
    clientId: "display", clean: true, joined: true,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 20, topicAliasMaximum: 5 },
  });
  await subscribing(display);
  const thermometer = await connected({
    clientId: "thermometer", username: "demo", password: "demo", keepalive: 1,
    properties: { userProperties: { room: "kitchen" } },
    will: {
      topic: "house/gone", payload: Buffer.from("Thermometer kaputt 🌡"), qos: 1, retain: false,
      properties: { willDelayInterval: 0, contentType: "text/plain" },
    },
  });
  await publishing(thermometer);
  await asking(thermometer, display);
  // With its last reason code it wants the will to be published.
  await happened(thermometer, "packetreceive", ({ cmd }) => cmd === "pingresp");
  await Promise.all([
    happened(display, "message", topic => topic === "house/gone"),
    thermometer.endAsync(false, {
      reasonCode: 0x04, properties: { reasonString: "battery is low" },
    })]);
  await display.endAsync();
  await sameNameAgain();
  await oldProtocol();
}

async function subscribing(client) {
  await client.subscribeAsync({
    "house/+/temperature": { qos: 2 }, "house/#": { qos: 1, nl: true, rap: true, rh: 1 },
    "secret/plans": { qos: 1 },
  }, { properties: { subscriptionIdentifier: 7 } }).catch(() => {});
  // Of the first there is one, of the second none.
  await client.unsubscribeAsync(["house/+/temperature", "garden/#"],
    { properties: { userProperties: { why: ["too many", "of them"] } } });
}

async function publishing(client) {
  const json = { contentType: "application/json", payloadFormatIndicator: true };
  await client.publishAsync("house/kitchen/name", "Küche", { qos: 1, retain: true });
  await client.publishAsync("house/kitchen/temperature", JSON.stringify({ celsius: 20.5 }), {
    qos: 0, properties: { ...json, topicAlias: 1, userProperties: { unit: "°C" } },
  });
  await client.publishAsync("", JSON.stringify({ celsius: 21 }), {
    qos: 2, properties: { topicAlias: 1, messageExpiryInterval: 3600 },
  });
  await client.publishAsync("house/kitchen/picture", Buffer.from([0x89, 0, 255, 254]), { qos: 1 });
  // Nobody subscribed to this, and this nobody may publish.
  await client.publishAsync("garden/rain", "none", { qos: 1 });
  await client.publishAsync("secret/plans", "dig", { qos: 1 }).catch(() => {});
}

// A request and its answer, each a PUBLISH.
async function asking(client, other) {
  other.on("message", async (topic, payload, { properties }) => {
    if (topic === "house/light/set") {
      await sleep(15);
      const { correlationData, responseTopic } = properties;
      // All at once, so in one message.
      other.publish("house/light/log", "one");
      other.publish("house/light/log", "two", { qos: 1 });
      other.publish(responseTopic, "bright", { properties: { correlationData } });
    }
  });
  await client.subscribeAsync("answers/thermometer", { qos: 1 });
  const answered = happened(client, "message");
  await client.publishAsync("house/light/set", JSON.stringify({ on: true }), {
    qos: 1, properties: {
      responseTopic: "answers/thermometer", correlationData: Buffer.from([1, 2, 250]),
    },
  });
  await answered;
}

// Its session is still there.
async function sameNameAgain() {
  const again = await connected({ clientId: "display", clean: false, joined: true });
  await again.publishAsync("house/display", "here again", { qos: 2 });
  await again.endAsync(false, { reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
}

async function oldProtocol() {
  const client = await connected({ clientId: "museum", protocolId: "MQIsdp", protocolVersion: 3 });
  await client.publishAsync("house/museum", "since 1999", { qos: 1, dup: true });
  await client.endAsync();
}

// `joined` is a client whose stream makes one message of what is written at once.
async function connected({ joined = false, ...options }) {
  let socket;
  const open = name => {
    socket = new LoggedWebSocket(url, [name]);
    return socket;
  };
  const all = { protocolVersion: 5, reconnectPeriod: 0, manualConnect: true, ...options };
  const client = joined
    ? new mqtt.MqttClient(() => joining(createWebSocketStream(open("mqtt"))), all)
    : mqtt.connect(url, { ...all, createWebsocket: (_, [name]) => open(name) });
  const version = { 3: "3.1", 4: "3.1.1", 5: "5" }[all.protocolVersion];
  client.on("packetsend", packet => {
    const app = appOf(packet, version);
    // CONNECT is written before the WebSocket is open.
    if (socket.said) {
      socket.said(app);
    } else {
      socket.once("upgrade", () => socket.said(app));
    }
  });
  client.on("packetreceive", packet => socket.heard(appOf(packet, version)));
  client.connect();
  await once(client, "connect");
  return client;
}

function joining(stream) {
  const joined = new Duplex({
    read() {},
    writev: (chunks, done) => stream.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    final: done => stream.end(done),
  });
  stream.on("data", data => joined.push(data));
  stream.on("close", () => joined.destroy());
  return joined;
}

const ANSWERS = {
  CONNACK: "CONNECT", PUBACK: "PUBLISH", PUBREC: "PUBLISH", PUBCOMP: "PUBREL",
  SUBACK: "SUBSCRIBE", UNSUBACK: "UNSUBSCRIBE", PINGRESP: "PINGREQ",
};

// A packet of the library in the log's terms.
function appOf(packet, version) {
  const type = packet.cmd.toUpperCase();
  const { will, properties } = packet;
  const app = {
    type,
    ...(type === "CONNECT" && {
      version, client_id: packet.clientId, username: packet.username,
      keep_alive: packet.keepalive, clean_start: packet.clean,
      will: will && {
        topic: will.topic, qos: will.qos, retain: will.retain, ...payloadOf(will.payload),
        properties: will.properties && propertiesOf(will.properties),
      },
    }),
    packet_id: packet.messageId || undefined,
    ...(type === "PUBLISH" && {
      topic: packet.topic || undefined, qos: packet.qos, retain: packet.retain, dup: packet.dup,
      ...payloadOf(packet.payload),
    }),
    topics: packet.subscriptions?.map(({ topic, qos, nl, rap, rh }) => ({
      filter: topic, qos, no_local: nl ?? false, retain_as_published: rap ?? false,
      retain_handling: rh ?? 0,
    })) ?? packet.unsubscriptions?.map(filter => ({ filter })),
    // Where all is well, most may be without.
    reason_code: type === "CONNACK" ? packet.reasonCode ?? packet.returnCode
      : packet.reasonCode || undefined,
    reason_codes: packet.granted,
    session_present: packet.sessionPresent,
    properties: properties && propertiesOf(properties),
  };
  if (ANSWERS[type]) {
    app.answers = { type: ANSWERS[type], packet_id: app.packet_id };
  }
  return app;
}

function payloadOf(payload) {
  const bytes = Buffer.from(payload);
  const text = bytes.toString();
  return !bytes.equals(Buffer.from(text)) ? { base64: bytes.toString("base64") }
    : text.startsWith("{") ? { json: JSON.parse(text) } : { text };
}

// With the names of MQTT's specification.
const NAMES = {
  payloadFormatIndicator: "payload_format_indicator", userProperties: "user_property",
  maximumQoS: "maximum_qos", topicAliasMaximum: "topic_alias_maximum",
  wildcardSubscriptionAvailable: "wildcard_subscription_available",
  subscriptionIdentifiersAvailable: "subscription_identifiers_available",
};

function propertiesOf(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [
    NAMES[name] ?? name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    name === "userProperties" ? pairs(value)
      : name === "payloadFormatIndicator" ? Number(value)
        // Of a SUBSCRIBE there may be one, of a PUBLISH several.
        : name === "subscriptionIdentifier" ? [value].flat()
          : Buffer.isBuffer(value) ? { base64: value.toString("base64") } : value]));
}

function pairs(properties) {
  return Object.entries(properties).flatMap(([name, values]) =>
    [values].flat().map(value => [name, value]));
}

function happened(emitter, event, condition = () => true) {
  return new Promise(resolve =>
    emitter.on(event, (...what) => condition(...what) && resolve()));
}

main();
