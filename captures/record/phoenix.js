// Phoenix channels: the client is Phoenix' own, the server is written by hand after what
// that client reads and writes (version 2.0.0 of the messages). Argument: port.
"use strict";

const { once } = require("node:events");
const { setTimeout: sleep } = require("node:timers/promises");
const { Serializer, Socket } = require("phoenix");
const { WebSocket, WebSocketServer } = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const port = Number(process.argv[2]);
const PUSH = 0;
const REPLY = 1;
const BROADCAST = 2;
const COVER = Uint8Array.from({ length: 24 }, (_, index) => (index * 53 + 200) % 256);

async function main() {
  const server = logServer(new WebSocketServer({
    host: "127.0.0.1", port, handleProtocols: () => "phoenix",
  }));
  server.on("connection", serve);
  await once(server, "listening");
  await reader();
  await member();
  server.close();
}

// ---- The client's side.

async function reader() {
  const { socket, closed } = connected({ params: { locale: "de" } });
  const library = socket.channel("library:main", { card: 1234 });
  const guests = new Promise(resolve => library.on("presence_state", resolve));
  await answered(library.join());
  await guests;
  // The second is answered first, the third with an error.
  await Promise.all([
    answered(library.push("search", { title: "Über das Meer", wait: 30 })),
    answered(library.push("search", { title: "海", wait: 10 })),
    answered(library.push("borrow", { book: 7 })),
  ]);
  const shared = new Promise(resolve => library.on("cover", resolve));
  await answered(library.push("cover", COVER.buffer));
  await shared;

  const vault = socket.channel("library:vault", {});
  await answered(vault.join());
  // Else it would try to join again and again.
  vault.leave();
  await heartbeats(socket, 2);
  // The channel's process dies, and the client joins it again.
  const again = new Promise(resolve => library.on("presence_state", resolve));
  library.push("crash", {});
  await again;
  const left = new Promise(resolve => library.onClose(resolve));
  await answered(library.leave());
  await left;
  socket.disconnect(() => {}, 1000, "read enough");
  await closed;
}

// A token makes the client offer subprotocols.
async function member() {
  const { socket, closed } = connected({ authToken: "demo" });
  const library = socket.channel("library:main");
  await answered(library.join());
  await answered(library.push("empty", new ArrayBuffer(0)));
  library.push("go", {});
  await closed;
  // Else it would connect again.
  socket.disconnect();
}

function connected(options) {
  let webSocket;
  let over;
  const closed = new Promise(resolve => {
    over = resolve;
  });
  class Transport extends loggedClient(WebSocket) {
    constructor(...parameters) {
      super(...parameters);
      webSocket = this;
      this.on("close", over);
    }
  }
  const tell = teller(() => webSocket);
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
    transport: Transport, heartbeatIntervalMs: 150, rejoinAfterMs: () => 20,
    reconnectAfterMs: () => 1e9, ...options,
    encode(message, done) {
      tell("said", message);
      Serializer.encode(message, done);
    },
    decode: (data, done) => Serializer.decode(data, message => {
      tell("heard", message);
      done(message);
    }),
  });
  socket.connect();
  return { socket, closed };
}

function answered(push) {
  return new Promise(resolve => push.receive("ok", resolve).receive("error", resolve));
}

function heartbeats(socket, times) {
  return new Promise(resolve => socket.onMessage(({ topic }) => {
    if (topic === "phoenix" && --times === 0) {
      resolve();
    }
  }));
}

// ---- Either side.

// Messages in the log's terms.
function teller(socketOf) {
  const requests = new Map();
  return (how, message) => {
    const { join_ref, ref, topic, event, payload } = message;
    const app = { type: event, topic, event };
    if (join_ref) {
      app.join_ref = join_ref;
    }
    if (ref) {
      app.ref = ref;
    }
    let bytes = payload;
    if (event === "phx_reply") {
      app.status = payload.status;
      app.answers = { type: requests.get(ref), ref };
      bytes = payload.response;
    } else if (ref) {
      requests.set(ref, event);
    }
    if (bytes instanceof ArrayBuffer && bytes.byteLength) {
      app.base64 = Buffer.from(bytes).toString("base64");
    }
    socketOf()[how](app);
  };
}

// ---- The server's side.

function serve(socket) {
  const tell = teller(() => socket);
  const send = message => {
    tell("said", message);
    socket.send(encoded(message));
  };
  socket.on("message", async (data, isBinary) => {
    const message = isBinary ? decoded(data) : named(JSON.parse(data));
    tell("heard", message);
    const { join_ref, ref, topic, event, payload } = message;
    const say = (name, what, number = null) =>
      send({ join_ref, ref: number, topic, event: name, payload: what });
    const reply = (status, response) =>
      send({ join_ref, ref, topic, event: "phx_reply", payload: { status, response } });
    switch (`${topic} ${event}`) {
      case "phoenix heartbeat":
        return reply("ok", {});
      case "library:vault phx_join":
        return reply("error", { reason: "unauthorized" });
      case "library:main phx_join":
        await sleep(10);
        reply("ok", { shelves: 3 });
        return say("presence_state", { zoë: { metas: [{ phx_ref: "F1", desk: 2 }] } });
      case "library:main search":
        await sleep(payload.wait);
        return reply("ok", { found: [payload.title] });
      case "library:main borrow":
        await sleep(4);
        return reply("error", { reason: "lent out", until: "2026-12-24" });
      case "library:main cover":
        reply("ok", payload.slice(0, 4));
        say("cover", payload.slice(4, 8));
        // A broadcast has no reference at all.
        return send({ join_ref: null, ref: null, topic, event: "cover", payload });
      case "library:main empty":
        return reply("ok", payload);
      case "library:main crash":
        return say("phx_error", {}, join_ref);
      case "library:main phx_leave":
        reply("ok", {});
        return say("phx_close", {}, join_ref);
      case "library:main go":
        send({ join_ref: null, ref: null, topic, event: "notice", payload: { text: "we close" } });
        return socket.close(1001);
    }
  });
}

function named([join_ref, ref, topic, event, payload]) {
  return { join_ref, ref, topic, event, payload };
}

function encoded({ join_ref, ref, topic, event, payload }) {
  const parts = event === "phx_reply" ? [join_ref, ref, topic, payload.status]
    : join_ref ? [join_ref, topic, event] : [topic, event];
  const bytes = event === "phx_reply" ? payload.response : payload;
  if (!(bytes instanceof ArrayBuffer)) {
    return JSON.stringify([join_ref, ref, topic, event, payload]);
  }
  const kind = event === "phx_reply" ? REPLY : join_ref ? PUSH : BROADCAST;
  const strings = parts.map(part => Buffer.from(part));
  const lengths = strings.map(({ length }) => length);
  return Buffer.concat([Buffer.from([kind, ...lengths]), ...strings, Buffer.from(bytes)]);
}

function decoded(data) {
  const [kind, ...lengths] = data.subarray(0, 5);
  if (kind !== PUSH) {
    throw new Error(`a client does not send ${kind}`);
  }
  let at = 5;
  const strings = lengths.map(length => data.toString("utf8", at, at += length));
  return named([...strings, Uint8Array.from(data.subarray(at)).buffer]);
}

main();
