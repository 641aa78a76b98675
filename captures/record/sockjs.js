// SockJS at both ends, and its raw endpoint, whose messages have nothing of SockJS.
// Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");
const driver = require("websocket-driver");
const { addressOf, loggedClient, tellApp, tellClose, tellConnection, tellMessage } =
  require("./message-log.js");
logDrivers();
const sockjs = require("sockjs");
const SockJS = require("sockjs-client");
const { WebSocket } = require("ws");

const port = Number(process.argv[2]);

async function main() {
  const echo = sockjs.createServer({ heartbeat_delay: 120, disconnect_delay: 50, log() {} });
  echo.on("connection", serve);
  const httpServer = http.createServer();
  echo.installHandlers(httpServer, { prefix: "/harbour" });
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  await sailor({ closedByServer: true });
  await sailor({ closedByServer: false });
  await raw();
  // The requests before a WebSocket are kept alive.
  http.globalAgent.destroy();
  httpServer.close();
}

function serve(connection) {
  connection.write("ahoy ⚓");
  connection.on("data", async what => {
    if (what === "log off") {
      connection.close(3001, "the harbour closes");
    } else if (what === "news") {
      // As it is done with what had to wait for a client.
      const waiting = ["ship arrived", "{\"tide\":\"low\"}", "", "naïve\n“text”"];
      connection._session.recv.doSendBulk(waiting);
      // Frames that other servers send; this one's heartbeats are pings.
      connection._session.recv.doSendFrame(`m${JSON.stringify("a single one")}`);
      connection._session.recv.doSendFrame("h");
    } else {
      await sleep(10);
      connection.write(what);
    }
  });
}

async function sailor({ closedByServer }) {
  const socket = new SockJS(`http://127.0.0.1:${port}/harbour`, null, { transports: "websocket" });
  const said = logSockJS(socket);
  await happened(socket, "message");
  for (const what of ["hello", JSON.stringify({ cargo: ["🐟", "rope"], tons: 12 }), "quote \" it"]) {
    said(what);
    socket.send(what);
    await happened(socket, "message");
  }
  if (closedByServer) {
    // Two in one message, which the library does only for other transports.
    said("first", "second");
    socket._transport.send("\"first\",\"second\"");
    await happened(socket, "message", 2);
    said("news");
    socket.send("news");
    await happened(socket, "heartbeat");
  }
  await sleep(150);
  const closed = happened(socket, "close");
  if (closedByServer) {
    said("log off");
    socket.send("log off");
  } else {
    socket.close(3333, "sailing");
  }
  await closed;
}

async function raw() {
  const LoggedWebSocket = loggedClient(WebSocket);
  const socket = new LoggedWebSocket(`ws://127.0.0.1:${port}/harbour/websocket`);
  await once(socket, "message");
  socket.send("o");
  await once(socket, "message");
  socket.send("log off");
  await once(socket, "close");
}

// What the library hears, in terms of its frames: the events of one belong together.
function logSockJS(socket) {
  const { _close, _transportMessage } = socket;
  const kinds = { o: "open", h: "heartbeat", a: "array", m: "message", c: "close" };
  let heard;
  socket.addEventListener("message", ({ data }) => (heard.messages ??= []).push(data));
  socket._close = (code, reason, wasClean) => {
    // It is the client itself that closes where there is no frame.
    if (heard) {
      Object.assign(heard, { code, reason });
    }
    tellFrame();
    _close.call(socket, code, reason, wasClean);
  };
  socket._transportMessage = frame => {
    heard = { type: kinds[frame[0]] };
    _transportMessage.call(socket, frame);
    tellFrame();
  };
  const tellFrame = () => {
    if (heard) {
      driverOf(socket).heard(heard);
      heard = undefined;
    }
  };
  return (...messages) => driverOf(socket).said({ type: "array", messages });
}

function driverOf(socket) {
  return socket._transport.ws._driver;
}

// Both ends have their WebSockets of this library.
function logDrivers() {
  const { client, http: server } = driver;
  driver.client = (...parameters) => logDriver("client", client(...parameters));
  driver.http = (request, ...rest) => {
    const ours = logDriver("server", server(request, ...rest));
    ours.on("open", () => tellConnection("server", request.socket, request.url, ours.protocol));
    return ours;
  };
}

function logDriver(by, driver) {
  let tcp;
  driver.io.once("pipe", stream => {
    tcp = stream;
  });
  const client = () => by === "client" ? addressOf(tcp.localAddress, tcp.localPort)
    : addressOf(tcp.remoteAddress, tcp.remotePort);
  const { frame } = driver;
  driver.frame = (data, type, code) => {
    // Before the handshake is over it calls itself later.
    if (driver.readyState > 0) {
      if (type === "close") {
        tellClose(by, client(), "sent", code, data);
      } else {
        const opcode = type ?? (typeof data === "string" ? "text" : "binary");
        tellMessage(by, client(), "sent", opcode, data);
      }
    }
    return frame.call(driver, data, type, code);
  };
  driver.on("message", ({ data }) => tellMessage(
    by, client(), "received", typeof data === "string" ? "text" : "binary", data));
  driver.on("close", ({ code, reason }) => tellClose(by, client(), "received", code, reason));
  driver.said = app => tellApp(by, client(), "sent", app);
  driver.heard = app => tellApp(by, client(), "received", app);
  return driver;
}

function happened(socket, event, times = 1) {
  return new Promise(resolve =>
    socket.addEventListener(event, () => --times === 0 && resolve()));
}

main();
