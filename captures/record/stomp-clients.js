// Clients with npm's `@stomp/stompjs`: one that does a bit of everything, one that is
// told an error. Argument: the broker's port.
"use strict";

const { Client } = require("@stomp/stompjs");
const { WebSocket } = require("ws");
const { loggedClient } = require("./message-log.js");

const LoggedWebSocket = loggedClient(WebSocket, { tellsConnections: true });
const BEATS = 1000;

async function main() {
  await work();
  await mistake();
}

async function work() {
  const client = await connected({ heartbeatIncoming: BEATS, heartbeatOutgoing: BEATS });

  const prices = received(client, "/topic/prices", 3);
  await withReceipt(client, headers => client.publish({
    destination: "/topic/prices", headers, body: JSON.stringify({ "café": "3,50 €" }),
  }));
  client.publish({ destination: "/topic/prices", body: "x".repeat(300) });
  // A body of bytes makes a binary message; the broker passes it on as text.
  client.publish({
    destination: "/topic/prices", headers: { "content-type": "text/csv" },
    binaryBody: Buffer.from("чай;2,80\n茶;2,80\n"),
  });
  await prices;

  client.publish({ destination: "/queue/jobs", body: "sweep the floor" });
  const jobs = received(client, "/queue/jobs", 1, { ack: "client-individual" });
  (await jobs).ack();
  const transaction = client.begin();
  client.publish({
    destination: "/queue/jobs", body: "never to be done",
    headers: { transaction: transaction.id },
  });
  transaction.abort();

  // Silence until both have sent a heartbeat.
  await new Promise(resolve => setTimeout(resolve, 1.5 * BEATS));
  await client.deactivate();
}

// The broker answers with an ERROR.
async function mistake() {
  const client = await connected({ heartbeatIncoming: 0, heartbeatOutgoing: 0 });
  const refused = new Promise(resolve => { client.onStompError = resolve; });
  client.publish({ destination: "/nowhere/at-all", body: "hello?" });
  await refused;
  await client.deactivate();
}

function connected(options) {
  const client = new Client({
    // The broker would compress.
    webSocketFactory: () => new LoggedWebSocket(`ws://127.0.0.1:${process.argv[2]}/ws`,
      client.stompVersions.protocolVersions(), { perMessageDeflate: false }),
    connectHeaders: { login: "guest", passcode: "guest", host: "/" },
    reconnectDelay: 0, ...options,
  });
  return new Promise(resolve => {
    client.onConnect = () => resolve(client);
    client.activate();
  });
}

// The last of so many messages.
function received(client, destination, count, headers) {
  return new Promise(resolve => client.subscribe(destination, message => {
    if (--count === 0) {
      resolve(message);
    }
  }, headers));
}

function withReceipt(client, request) {
  return new Promise(resolve => {
    client.watchForReceipt("done", resolve);
    request({ receipt: "done" });
  });
}

main();
