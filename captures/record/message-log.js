// What Node programs log of their WebSockets: lines of JSON on standard output, in the
// form that captures/README.md describes. A line with `path` tells a connection.
"use strict";

const { createHash } = require("node:crypto");

const OPPOSITE = { client: "server", server: "client" };

function addressOf(host, port) {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

// `tcp` is the socket of the side `by`, `protocol` the subprotocol, if one was chosen,
// `extensions` what the response says of them, if anything.
function tellConnection(by, tcp, path, protocol, extensions) {
  const local = addressOf(tcp.localAddress, tcp.localPort);
  const remote = addressOf(tcp.remoteAddress, tcp.remotePort);
  const [client, server] = by === "client" ? [local, remote] : [remote, local];
  tell({
    client, server, path,
    ...(protocol && { subprotocol: protocol }), ...(extensions && { extensions }),
  });
  return client;
}

// One message as the side `by` of the connection of `client` sent or received it.
function tellMessage(by, client, logged, opcode, data, more = {}) {
  const payload = bytes(data);
  tell({
    client, from: logged === "sent" ? by : OPPOSITE[by], logged, by,
    opcode, length: payload.length,
    sha256: createHash("sha256").update(payload).digest("hex"), ...more,
  });
}

// What the side `by` said or heard in the terms of the protocol inside WebSocket;
// `answers` is what it knows of the request.
function tellApp(by, client, logged, app, answers) {
  tell({
    client, from: logged === "sent" ? by : OPPOSITE[by], logged, by,
    app, ...(answers && { answers }),
  });
}

// Without a code the Close frame was empty.
function tellClose(by, client, logged, code, reason = "") {
  if (code === undefined) {
    tellMessage(by, client, logged, "close", "");
  } else {
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), bytes(reason)]);
    tellMessage(by, client, logged, "close", payload, { code, reason: reason.toString() });
  }
}

// Log every connection of a WebSocketServer of `ws`.
function logServer(server) {
  const { handleUpgrade } = server;
  const extensions = new WeakMap();
  server.on("headers", (lines, request) => {
    const [, value] = lines.join("\n").match(/^Sec-WebSocket-Extensions: (.*)$/m) ?? [];
    extensions.set(request, value);
  });
  server.handleUpgrade = (request, tcp, head, done) =>
    handleUpgrade.call(server, request, tcp, head, (socket, ...rest) => {
      logSocket("server", socket, tellConnection(
        "server", tcp, request.url, socket.protocol, extensions.get(request)));
      done(socket, ...rest);
    });
  return server;
}

// A client class of `ws` that is logged. It tells of its connections, too, where the
// server is a program that cannot.
function loggedClient(WebSocket, { tellsConnections = false } = {}) {
  return class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      logClient(this, tellsConnections);
    }
  };
}

function logClient(socket, tellsConnections = false) {
  // This comes before the first message, and with the TCP socket.
  socket.once("upgrade", ({ socket: tcp, headers }) => {
    if (tellsConnections) {
      const { pathname, search } = new URL(socket.url);
      tellConnection("client", tcp, pathname + search, headers["sec-websocket-protocol"],
        headers["sec-websocket-extensions"]);
    }
    logSocket("client", socket, addressOf(tcp.localAddress, tcp.localPort));
  });
}

// `ws` calls its own methods for the pongs and Close frames that it sends by itself. What
// is inside the messages the program tells with `said` and `heard`, or more of a message
// with the option `told` of `send`.
function logSocket(by, socket, client) {
  socket.said = ({ answers, ...app }) => tellApp(by, client, "sent", app, answers);
  socket.heard = ({ answers, ...app }) => tellApp(by, client, "received", app, answers);
  const { send, ping, pong, close } = socket;
  socket.send = (data, ...rest) => {
    const text = rest[0]?.binary === undefined ? typeof data === "string" : !rest[0].binary;
    tellMessage(by, client, "sent", text ? "text" : "binary", data, rest[0]?.told);
    send.call(socket, data, ...rest);
  };
  socket.ping = (data, ...rest) => {
    tellMessage(by, client, "sent", "ping", data);
    ping.call(socket, data, ...rest);
  };
  socket.pong = (data, ...rest) => {
    tellMessage(by, client, "sent", "pong", data);
    pong.call(socket, data, ...rest);
  };
  // One message of several frames, with what `between` does between them. It takes its
  // place in the log with the last.
  socket.sendInFragments = async (parts, between) => {
    for (const part of parts.slice(0, -1)) {
      send.call(socket, part, { fin: false });
      await between();
    }
    const whole = Buffer.concat(parts.map(bytes));
    tellMessage(by, client, "sent", typeof parts[0] === "string" ? "text" : "binary", whole);
    send.call(socket, parts.at(-1), { fin: true });
  };
  socket.close = (code, reason) => {
    if (socket.readyState === socket.constructor.OPEN) {
      tellClose(by, client, "sent", code, reason);
    }
    close.call(socket, code, reason);
  };
  socket.on("message", (data, isBinary = typeof data !== "string") =>
    tellMessage(by, client, "received", isBinary ? "binary" : "text", data));
  socket.on("ping", data => tellMessage(by, client, "received", "ping", data));
  socket.on("pong", data => tellMessage(by, client, "received", "pong", data));
  socket.on("close", (code, reason) => {
    // 1005 stands for a Close frame without a code, 1006 for none.
    if (code !== 1006) {
      tellClose(by, client, "received", code === 1005 ? undefined : code, reason);
    }
  });
}

function bytes(data = "") {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

module.exports = {
  addressOf, tellConnection, tellMessage, tellApp, tellClose,
  logServer, logClient, loggedClient,
};
