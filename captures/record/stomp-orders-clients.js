// Clients with npm's `@stomp/stompjs`: a shop and a kitchen at the same time, and one that
// cuts its frames into several messages and is told an error. Argument: the broker's port.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const { Client } = require("@stomp/stompjs");
const { WebSocket } = require("ws");
const { loggedClient } = require("./message-log.js");

const BEATS = 1000;
const ORDERS = "/queue/orders";

async function main() {
  const shop = new Talker();
  const kitchen = new Talker();
  await Promise.all([shop.connect(BEATS), kitchen.connect(BEATS)]);
  await work(shop, kitchen);
  // Silence until all have sent a heartbeat.
  await sleep(1.5 * BEATS);
  await shop.disconnect();
  await kitchen.disconnect();
  await cutUp();
}

async function work(shop, kitchen) {
  const orders = kitchen.subscribe(ORDERS, { ack: "client-individual" });
  const done = shop.subscribe("/topic/done");
  await kitchen.send("/topic/opened", "at seven", {}, { receipt: true });

  await shop.send(ORDERS, JSON.stringify({ dish: "Käsespätzle", table: 4 }), {
    "content-type": "application/json", note: "salt: a bit\nonions \\ chives",
  }, { receipt: true });
  const first = await orders.next();
  kitchen.ack(first);
  // It is not wanted, and comes again.
  await shop.send(ORDERS, "chips");
  kitchen.nack(await orders.next());
  kitchen.ack(await orders.next());
  await shop.send(ORDERS, new Uint8Array([0, 1, 255, 10, 0]), { "content-type": "image/x-dish" });
  kitchen.ack(await orders.next());

  const transaction = kitchen.begin();
  await kitchen.send("/topic/done", "table 4: 20 €", { transaction });
  await kitchen.send("/topic/done", "", { transaction });
  kitchen.commit(transaction);
  await done.next();
  await done.next();
  kitchen.unsubscribe(orders);
}

async function cutUp() {
  const client = new Talker({ splitLargeFrames: true, maxWebSocketChunkSize: 100 });
  await client.connect(0);
  await client.send("/topic/opened", `long ${"and longer ".repeat(30)}`, {}, { receipt: true });
  const refused = client.heardError();
  await client.send("/nowhere/at-all", "hello?");
  await refused;
  await client.disconnect();
}

// A client that tells what it says and hears.
class Talker {
  constructor(options) {
    const talker = this;
    this.receipts = 0;
    this.LoggedWebSocket = class extends loggedClient(WebSocket, { tellsConnections: true }) {
      constructor(...parameters) {
        super(...parameters);
        talker.socket = this;
        this.on("message", () => {
          talker.isFrame = false;
        });
      }
    };
    this.client = new Client({
      // The broker would compress.
      webSocketFactory: () => new this.LoggedWebSocket(`ws://127.0.0.1:${process.argv[2]}/ws`,
        this.client.stompVersions.protocolVersions(), { perMessageDeflate: false }),
      connectHeaders: { login: "guest", passcode: "guest", host: "/" },
      reconnectDelay: 0,
      // Of heartbeats it tells nowhere else.
      debug: text => {
        if (text === ">>> PING") {
          this.socket.said({ type: "heartbeat" });
        } else if (text === "<<< PONG" && !this.isFrame) {
          // After a frame it is the line feed that this broker ends a frame with.
          this.socket.heard({ type: "heartbeat" });
        }
      },
      ...options,
    });
  }

  connect(beats) {
    Object.assign(this.client, { heartbeatIncoming: beats, heartbeatOutgoing: beats });
    return new Promise(resolve => {
      this.client.onConnect = frame => {
        this.heard(frame, { type: "CONNECT" });
        resolve();
      };
      this.client.activate();
      this.socketOpens(() => this.socket.said({ type: "CONNECT" }));
    });
  }

  // The library makes the WebSocket a bit later.
  async socketOpens(then) {
    while (!this.socket) {
      await sleep(0);
    }
    this.socket.once("upgrade", then);
  }

  heard({ command, headers, body, binaryBody }, answers) {
    this.isFrame = true;
    this.socket.heard({
      type: command, ...(headers.destination && { destination: headers.destination }),
      headers, ...payloadOf(binaryBody ?? Buffer.from(body)), answers,
    });
  }

  async send(destination, body, headers = {}, { receipt = false } = {}) {
    this.socket.said({ type: "SEND", destination, ...payloadOf(Buffer.from(body)) });
    const id = `receipt-${++this.receipts}`;
    const answered = receipt && new Promise(resolve => this.client.watchForReceipt(id, frame => {
      this.heard(frame, { type: "SEND", destination });
      resolve();
    }));
    this.client.publish({
      destination, headers: receipt ? { ...headers, receipt: id } : headers,
      ...(typeof body === "string" ? { body } : { binaryBody: body }),
    });
    await answered;
  }

  subscribe(destination, headers) {
    const waiting = [];
    let wake = () => {};
    this.socket.said({ type: "SUBSCRIBE", destination });
    const subscription = this.client.subscribe(destination, message => {
      this.heard(message);
      waiting.push(message);
      wake();
    }, headers);
    return {
      subscription,
      async next() {
        while (!waiting.length) {
          await new Promise(resolve => {
            wake = resolve;
          });
        }
        return waiting.shift();
      },
    };
  }

  unsubscribe({ subscription }) {
    this.socket.said({ type: "UNSUBSCRIBE" });
    subscription.unsubscribe();
  }

  ack(message) {
    this.socket.said({ type: "ACK" });
    message.ack();
  }

  nack(message) {
    this.socket.said({ type: "NACK" });
    message.nack();
  }

  begin() {
    this.socket.said({ type: "BEGIN" });
    return this.client.begin().id;
  }

  commit(transaction) {
    this.socket.said({ type: "COMMIT" });
    this.client.commit(transaction);
  }

  heardError() {
    return new Promise(resolve => {
      this.client.onStompError = frame => {
        this.heard(frame);
        resolve();
      };
    });
  }

  async disconnect() {
    this.client.onDisconnect = frame => this.heard(frame, { type: "DISCONNECT" });
    this.socket.said({ type: "DISCONNECT" });
    await this.client.deactivate();
  }
}

function payloadOf(body) {
  const bytes = Buffer.from(body);
  const text = bytes.toString();
  return !bytes.length ? {}
    : !bytes.equals(Buffer.from(text)) ? { base64: bytes.toString("base64") }
      : text.startsWith("{") ? { json: JSON.parse(text) } : { text };
}

main();
