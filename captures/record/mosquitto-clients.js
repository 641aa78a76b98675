// A client that publishes with MQTT 3.1.1 and one that subscribes with MQTT 5, with
// npm's `mqtt`. Argument: the broker's port.
"use strict";

const { once } = require("node:events");
const mqtt = require("mqtt");
const { WebSocket } = require("ws");
const { loggedClient } = require("./message-log.js");

const LoggedWebSocket = loggedClient(WebSocket, { tellsConnections: true });
const PICTURE = Buffer.from(Array.from({ length: 20000 }, (_, index) => (index * 31) % 251));

async function main() {
  const publisher = await connected({ clientId: "thermometer", protocolVersion: 4 });
  await publisher.publishAsync("house/kitchen/name", "Küche", { qos: 1, retain: true });

  const subscriber = await connected({ clientId: "display", protocolVersion: 5, keepalive: 1 });
  const heard = new Promise(resolve => {
    let messages = 0;
    subscriber.on("message", () => ++messages === 5 && resolve());
  });
  await subscriber.subscribeAsync({ "house/+/name": { qos: 0 }, "house/kitchen/#": { qos: 2 } });
  for (const qos of [0, 1, 2]) {
    const reading = JSON.stringify({ celsius: 20.5 + qos, qos });
    await publisher.publishAsync("house/kitchen/temperature", reading, { qos });
  }
  await publisher.publishAsync("house/kitchen/picture", PICTURE, { qos: 1 });
  await heard;
  await answeredPing(subscriber);
  await publisher.endAsync();
  await subscriber.endAsync();
}

async function connected(options) {
  const client = mqtt.connect(`ws://127.0.0.1:${process.argv[2]}/mqtt`, {
    ...options, reconnectPeriod: 0,
    createWebsocket: (url, protocols) => new LoggedWebSocket(url, protocols),
  });
  await once(client, "connect");
  return client;
}

function answeredPing(client) {
  return new Promise(resolve =>
    client.on("packetreceive", ({ cmd }) => cmd === "pingresp" && resolve()));
}

main();
