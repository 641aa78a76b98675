// SignalR: the clients are Microsoft's for JavaScript, with JSON and with MessagePack; the
// server is written by hand after the specification of the hub protocol. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");
const signalr = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");
const { decode, encode } = require("@msgpack/msgpack");
const { WebSocket, WebSocketServer } = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const port = Number(process.argv[2]);
const url = `http://127.0.0.1:${port}/bakery`;
const END = "\x1e";
const TYPES = [, "Invocation", "StreamItem", "Completion", "StreamInvocation",
  "CancelInvocation", "Ping", "Close", "Ack", "Sequence"];
const [, INVOCATION, ITEM, COMPLETION, STREAM, CANCEL, PING, CLOSE, ACK, SEQUENCE] = TYPES.keys();

async function main() {
  const httpServer = http.createServer(negotiate);
  const sockets = logServer(new WebSocketServer({ server: httpServer }));
  sockets.on("connection", (socket, request) => new Hub(socket, request.url));
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  await morning(new signalr.JsonHubProtocol(), { closedByServer: true });
  await morning(new MessagePackHubProtocol(), { closedByServer: false });
  await strange();
  await reconnecting();
  httpServer.close();
}

// What one side says and hears on a connection, in the log's terms.
class Teller {
  constructor(socket) {
    this.socket = socket;
    this.requests = { said: new Map(), heard: new Map() };
  }

  said(message) {
    this.tell("said", "heard", message);
  }

  heard(message) {
    this.tell("heard", "said", message);
  }

  tell(how, other, message) {
    const type = TYPES[message.type];
    const app = { type };
    for (const name of ["target", "invocationId", "arguments", "item", "result", "error"]) {
      if (message[name] != null && isPlain(message[name])) {
        app[name] = message[name];
      }
    }
    const id = message.invocationId;
    if (id == null) {
      // Nothing that it could answer.
    } else if (message.type === INVOCATION || message.type === STREAM) {
      this.requests[how].set(id, type);
    } else if (this.requests[other].has(id) && message.type !== CANCEL) {
      app.answers = { type: this.requests[other].get(id), invocationId: id };
    }
    this.socket[how](app);
  }
}

// JSON has all of it.
function isPlain(value) {
  return !(value instanceof Date || ArrayBuffer.isView(value)) &&
    (typeof value !== "object" || Object.values(value ?? []).every(isPlain));
}

// ---- The client's side.

// The library's own protocol, which tells what passes through it.
function logged(protocol, { writes = true } = {}) {
  let teller;
  class LoggedWebSocket extends loggedClient(WebSocket) {
    constructor(...parameters) {
      super(...parameters);
      teller = new Teller(this);
    }
  }
  const { parseMessages, writeMessage } = protocol;
  protocol.parseMessages = (...parameters) => {
    const messages = parseMessages.apply(protocol, parameters);
    messages.forEach(message => teller.heard(message));
    return messages;
  };
  protocol.writeMessage = message => {
    // A Ping it writes once and then sends that, a Close also when it can send no more.
    if (writes && ![PING, CLOSE].includes(message.type)) {
      teller.said(message);
    }
    return writeMessage.call(protocol, message);
  };
  return { protocol, WebSocket: LoggedWebSocket };
}

function client({ protocol, WebSocket }, options) {
  return new signalr.HubConnectionBuilder().withHubProtocol(protocol)
    .configureLogging(signalr.LogLevel.None)
    .withUrl(url, { WebSocket, transport: signalr.HttpTransportType.WebSockets, ...options });
}

async function morning(protocol, { closedByServer }) {
  const connection = client(logged(protocol), { skipNegotiation: true })
    .withKeepAliveInterval(200).build();
  connection.on("welcome", () => {});
  const baked = new Promise(resolve => connection.on("baked", resolve));
  connection.on("howMany", bread => bread === "Brezel" ? 12 : Promise.reject(new Error("none")));
  await connection.start();

  await connection.invoke("Order", { bread: "Graubrot", count: 2, sliced: true }, "Zoë");
  await connection.invoke("Order", { bread: "Graubrot", count: 0 }, "Zoë").catch(() => {});
  await connection.invoke("Tip", 0.5);
  // The second is answered first.
  await Promise.all([
    connection.invoke("Bake", "Roggenbrot", 40), connection.invoke("Bake", "Brezel", 10)]);
  await connection.send("Gossip", "it will rain", null, [1, -200, 70000, 2.5, true]);
  await baked;

  await streamed(connection.stream("Countdown", 3));
  await streamed(connection.stream("Countdown", -1)).catch(() => {});
  await cancelled(connection.stream("Smell"), 2);
  const list = new signalr.Subject();
  const totalled = connection.invoke("Total", "flour", list);
  for (const grams of [500, 250]) {
    list.next(grams);
  }
  list.complete();
  await totalled;
  // Of these there is none in JSON.
  await connection.invoke("Note", new Date(1700000000000), Buffer.from("🥨"));
  await sleep(450);
  const closed = new Promise(resolve => connection.onclose(resolve));
  await (closedByServer ? connection.send("Goodnight") : connection.stop());
  await closed;
}

function streamed(stream) {
  return new Promise((complete, error) => stream.subscribe({ next() {}, complete, error }));
}

function cancelled(stream, items) {
  return new Promise((resolve, error) => {
    const subscription = stream.subscribe({
      error, complete() {},
      next() {
        if (--items === 0) {
          subscription.dispose();
          resolve();
        }
      },
    });
  });
}

// A protocol that the server does not know.
async function strange() {
  const protocol = new signalr.JsonHubProtocol();
  protocol.name = "smoke";
  const connection = client(logged(protocol), { skipNegotiation: true }).build();
  await connection.start().catch(() => {});
}

// The TCP connection breaks, and what was under way is sent again over another one. The
// library does not tell what it sends again.
async function reconnecting() {
  const connection = client(logged(new signalr.JsonHubProtocol(), { writes: false }))
    .withStatefulReconnect().build();
  connection.on("welcome", () => {});
  await connection.start();
  await connection.invoke("Order", { bread: "Zopf", count: 1 }, "Ines");
  await connection.invoke("Stumble", "and up again");
  // The client acknowledges after a second.
  await sleep(1100);
  await connection.stop();
}

// ---- The server's side.

// Who wants to reconnect asks first, over HTTP.
function negotiate(request, response) {
  response.setHeader("Connection", "close");
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({
    negotiateVersion: 1, connectionId: "oven-1", connectionToken: "oven-1-token",
    useStatefulReconnect: true,
    availableTransports: [{ transport: "WebSockets", transferFormats: ["Text", "Binary"] }],
  }));
}

const FORMATS = {
  json: {
    write: message => `${JSON.stringify(message)}${END}`,
    read: data => data.toString().split(END).slice(0, -1).map(record => JSON.parse(record)),
    join: records => records.join(""),
  },
  messagepack: {
    write(message) {
      const packed = encode(toArray(message));
      return Buffer.concat([lengthPrefix(packed.length), packed]);
    },
    read(data) {
      const messages = [];
      for (let at = 0; at < data.length;) {
        let length = 0;
        let shift = 0;
        do {
          length |= (data[at] & 127) << shift;
          shift += 7;
        } while (data[at++] & 128);
        messages.push(fromArray(decode(data.subarray(at, at += length))));
      }
      return messages;
    },
    join: records => Buffer.concat(records),
  },
};

function lengthPrefix(length) {
  const bytes = [];
  do {
    bytes.push((length & 127) | (length > 127 ? 128 : 0));
    length >>= 7;
  } while (length);
  return Buffer.from(bytes);
}

function toArray(message) {
  const { type, invocationId = null } = message;
  switch (type) {
    case INVOCATION:
      return [type, {}, invocationId, message.target, message.arguments, []];
    case ITEM:
      return [type, {}, invocationId, message.item];
    case COMPLETION:
      return message.error !== undefined ? [type, {}, invocationId, 1, message.error]
        : message.result === undefined ? [type, {}, invocationId, 2]
          : [type, {}, invocationId, 3, message.result];
    case CLOSE:
      return [type, message.error ?? null];
    default:
      return [type];
  }
}

function fromArray([type, ...rest]) {
  const [, invocationId, third, fourth, streamIds] = rest;
  switch (type) {
    case INVOCATION:
    case STREAM:
      return { type, invocationId, target: third, arguments: fourth, streamIds };
    case ITEM:
      return { type, invocationId, item: third };
    case COMPLETION:
      return { type, invocationId, ...(third === 1 ? { error: fourth } : { result: fourth }) };
    case CANCEL:
      return { type, invocationId };
    default:
      return { type };
  }
}

// The hub whose connection was lost.
let lost;

class Hub {
  constructor(socket, path) {
    this.socket = socket;
    this.teller = new Teller(socket);
    this.waiting = new Map();
    // Of who has asked for it, what the client may not have got is kept.
    this.stateful = path.includes("id=");
    this.unacknowledged = [];
    if (this.stateful && lost) {
      // Without another handshake.
      this.format = FORMATS.json;
      this.listen();
      this.send({ type: SEQUENCE, sequenceId: 1 }, ...lost.unacknowledged);
    } else {
      socket.once("message", data => this.shakeHands(data.toString()));
    }
  }

  shakeHands(request) {
    const { protocol } = JSON.parse(request.slice(0, -1));
    this.socket.heard({ type: "handshake", format: protocol });
    this.format = FORMATS[protocol];
    if (!this.format) {
      const error = `The protocol '${protocol}' is not supported.`;
      this.socket.said({ type: "handshake", error });
      this.socket.send(`${JSON.stringify({ error })}${END}`);
      this.socket.close(1000);
      return;
    }
    this.socket.said({ type: "handshake" });
    this.listen();
    const answer = `{}${END}`;
    const welcome = { type: INVOCATION, target: "welcome", arguments: [] };
    if (protocol === "json") {
      // The first record comes along with the answer.
      this.socket.send(answer + this.written(welcome));
    } else {
      this.socket.send(Buffer.from(answer));
      this.send(welcome);
    }
  }

  listen() {
    this.socket.on("message", data => {
      for (const message of this.format.read(data)) {
        this.teller.heard(message);
        this.handle(message);
      }
    });
    this.socket.on("close", () => clearInterval(this.pings));
    this.pings = setInterval(() => this.send({ type: PING }), 300);
  }

  // All of them in one message.
  send(...messages) {
    this.socket.send(this.written(...messages));
  }

  written(...messages) {
    for (const message of messages) {
      this.teller.said(message);
      if (this.stateful && [INVOCATION, ITEM, COMPLETION].includes(message.type)) {
        this.unacknowledged.push(message);
      }
    }
    return this.format.join(messages.map(this.format.write));
  }

  async handle(message) {
    const { type, invocationId, target } = message;
    if (type === STREAM) {
      await this.stream(message);
    } else if (type === CANCEL) {
      this.smelling = false;
    } else if (type === ITEM) {
      this.total += message.item;
    } else if (type === COMPLETION) {
      this.waiting.get(invocationId)?.(message.result ?? message.error);
    } else if (type === INVOCATION) {
      const outcome = await this[target](...message.arguments).then(
        result => ({ result }), ({ message: error }) => ({ error }));
      if (invocationId != null && this !== lost) {
        this.send({ type: COMPLETION, invocationId, ...outcome });
        if (this.stateful) {
          this.send({ type: ACK, sequenceId: 1 });
        }
      }
    }
  }

  async stream({ invocationId, target, arguments: [from] }) {
    const item = value => ({ type: ITEM, invocationId, item: value });
    const over = more => ({ type: COMPLETION, invocationId, ...more });
    await sleep(5);
    if (target === "Smell") {
      this.smelling = true;
      for (let strength = 1; this.smelling; strength++) {
        this.send(item({ strength, of: "Brot 🍞" }));
        await sleep(20);
      }
      this.send(over());
    } else if (from < 0) {
      this.send(item(from), over({ error: `cannot count down from ${from}` }));
    } else {
      this.send(item(from));
      this.send(...Array.from({ length: from }, (_, passed) => item(from - passed - 1)), over());
    }
  }

  async Order({ bread, count }, name) {
    await sleep(15);
    if (count < 1) {
      throw new Error("Failed to invoke 'Order' because at least one has to be ordered.");
    }
    return { order: 17, for: name, items: Array(count).fill(bread) };
  }

  async Tip() {}

  async Bake(bread, milliseconds) {
    await sleep(milliseconds);
    return `${bread} is out of the oven`;
  }

  async Gossip() {
    await this.ask("Brezel");
    await this.ask("Stollen");
    this.send({ type: INVOCATION, target: "baked", arguments: ["Brezel", { hot: true }] });
  }

  // The client has to answer.
  async ask(bread) {
    const invocationId = `s${this.waiting.size + 1}`;
    const answered = new Promise(resolve => this.waiting.set(invocationId, resolve));
    this.send({ type: INVOCATION, invocationId, target: "howMany", arguments: [bread] });
    return answered;
  }

  async Total(what) {
    this.total = 0;
    await sleep(30);
    return `${this.total} g of ${what}`;
  }

  async Note(when, what) {
    return when instanceof Date ? { when, what } : null;
  }

  async Goodnight() {
    this.send({ type: CLOSE, error: "The bakery closes for the night.", allowReconnect: false });
    this.socket.close(1000);
  }

  async Stumble(hope) {
    if (lost) {
      return hope;
    }
    lost = this;
    this.socket.terminate();
  }
}

main();
