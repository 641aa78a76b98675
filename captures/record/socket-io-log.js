// What a client of Socket.IO or Engine.IO says and hears, from the library's own packets.
"use strict";

const BINARY = { EVENT: "BINARY_EVENT", ACK: "BINARY_ACK" };

// A parser for the option of that name, of the version that `Encoder` and `Decoder` are
// from. `socketOf` gives the WebSocket, which `logClient` has seen.
function loggedParser({ Encoder, Decoder, types }, socketOf) {
  const requests = { said: new Map(), heard: new Map() };
  const tell = (how, packet) => {
    const other = how === "said" ? "heard" : "said";
    for (const app of appsOf(packet, types[packet.type], requests[how], requests[other])) {
      socketOf()[how](app);
    }
  };
  return {
    Encoder: class extends Encoder {
      encode(packet, ...rest) {
        // It puts placeholders into the packet.
        tell("said", packet);
        return super.encode(packet, ...rest);
      }
    },
    Decoder: class extends Decoder {
      constructor(...options) {
        super(...options);
        this.on("decoded", packet => tell("heard", packet));
      }
    },
  };
}

// The packet, and each binary message that follows it.
function appsOf({ nsp, id, data }, type, requests, asked) {
  const binaries = [];
  const shown = withoutBinary(data, binaries);
  if (binaries.length) {
    type = BINARY[type] ?? type;
  }
  const app = { type };
  // The older one appends a query.
  if (!nsp.includes("?")) {
    app.namespace = nsp;
  }
  if (id !== undefined) {
    app.id = id;
  }
  if (type.endsWith("ACK")) {
    const key = `${nsp} ${id}`;
    app.answers = { type: asked.get(key), namespace: nsp, id };
  } else if (id !== undefined) {
    requests.set(`${nsp} ${id}`, type);
  }
  const isEvent = type.endsWith("EVENT");
  if (isEvent) {
    app.event = shown[0];
  }
  const rest = isEvent ? shown.slice(1) : shown;
  if (!binaries.length) {
    return [rest === undefined || rest.length === 0 ? app : { ...app, data: rest }];
  }
  const attachments = binaries.map((_, num) => ({ type: "attachment", num }));
  attachments.at(-1).data = rest;
  return [{ ...app, attachments: binaries.length }, ...attachments];
}

function withoutBinary(value, found) {
  if (Buffer.isBuffer(value)) {
    found.push(value);
    return { base64: value.toString("base64") };
  }
  if (Array.isArray(value)) {
    return value.map(item => withoutBinary(item, found));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, withoutBinary(item, found)]));
  }
  return value;
}

// Engine.IO's own packets, and with `messages` those for whoever uses it alone.
function logEngine(engine, socketOf, { messages = false } = {}) {
  const tell = (how, { type, data }) => {
    if (type === "message" && !messages) {
      return;
    }
    const app = { type };
    if (type === "open") {
      const { sid, pingInterval, pingTimeout } = typeof data === "string" ? JSON.parse(data) : data;
      Object.assign(app, { sid, pingInterval, pingTimeout });
    } else if (type === "message" && data?.length) {
      Object.assign(app, typeof data !== "string" ? { base64: Buffer.from(data).toString("base64") }
        : /^[{[]/.test(data) ? { json: JSON.parse(data) } : { text: data });
    } else if (type === "pong") {
      app.answers = { type: "ping" };
    }
    socketOf()[how](app);
  };
  engine.on("packet", packet => tell("heard", packet));
  engine.on("packetCreate", packet => tell("said", packet));
}

module.exports = { loggedParser, logEngine };
