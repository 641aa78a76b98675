// WebSocket-Node as server and client. Both cut messages into fragments, wherever that
// falls, also within a character. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { client: WebSocketClient, frame: Frame, server: WebSocketServer } = require("websocket");
const { addressOf, tellClose, tellConnection, tellMessage } = require("./message-log.js");

const port = Number(process.argv[2]);
const TEXT = 1, CONTINUATION = 0, CLOSE = 8;
const CONTROL = { 8: "close", 9: "ping", 10: "pong" };

async function main() {
  const httpServer = http.createServer();
  const server = new WebSocketServer({
    httpServer, fragmentOutgoingMessages: true, fragmentationThreshold: 50,
    keepaliveInterval: 100,
  });
  server.on("request", serve);
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  await talk();
  httpServer.close();
}

function serve(request) {
  const connection = request.accept("echo-protocol", request.origin);
  log("server", connection,
    tellConnection("server", request.socket, request.resource, "echo-protocol"));
  connection.sendUTF(JSON.stringify({ hello: request.origin, threshold: 50 }));
  connection.on("message", message => {
    if (message.type === "utf8") {
      connection.sendUTF(`${message.utf8Data} ✓`);
    } else {
      connection.sendBytes(message.binaryData);
    }
  });
}

async function talk() {
  const client = new WebSocketClient({
    fragmentOutgoingMessages: true, fragmentationThreshold: 10,
  });
  let welcomed;
  client.on("connect", connection => {
    const { localAddress, localPort } = connection.socket;
    log("client", connection, addressOf(localAddress, localPort));
    welcomed = once(connection, "message");
  });
  client.connect(`ws://127.0.0.1:${port}/echo`, "echo-protocol", "http://example.com");
  const [connection] = await once(client, "connect");
  await welcomed;
  const said = [
    "short", "", "exactly 10", "Жёлтые ключи 🔑🗝️, 黄色い鍵", JSON.stringify({ list: [1, 2, 3] }),
    Buffer.from(Array.from({ length: 130 }, (_, index) => index)),
  ];
  for (const message of said) {
    connection.send(message);
    await once(connection, "message");
  }
  sendWithPingInside(connection, "a ping comes ", "before this is over");
  await once(connection, "message");
  // The server pings when nothing has come for a while.
  await once(connection, "ping");
  connection.close(1000, "das wär’s");
  await once(connection, "close");
}

// The library's own fragments go out in one go, so these are frames made by hand. The
// message has its place in the log where it ends.
function sendWithPingInside(connection, ...parts) {
  parts.forEach((part, index) => {
    const frame = new Frame(connection.maskBytes, connection.frameHeader, connection.config);
    frame.opcode = index === 0 ? TEXT : CONTINUATION;
    frame.fin = index === parts.length - 1;
    frame.binaryPayload = Buffer.from(part);
    connection.sendFrame(frame);
    if (!frame.fin) {
      connection.ping("inside");
    }
  });
  tellMessage("client", connection.client, "sent", "text", parts.join(""));
}

// Control frames, the library's own among them, all go through sendFrame.
function log(by, connection, client) {
  connection.client = client;
  const { sendUTF, sendBytes, sendFrame } = connection;
  connection.sendUTF = text => {
    tellMessage(by, client, "sent", "text", text);
    sendUTF.call(connection, text);
  };
  connection.sendBytes = data => {
    tellMessage(by, client, "sent", "binary", data);
    sendBytes.call(connection, data);
  };
  connection.sendFrame = (frame, ...rest) => {
    if (frame.opcode === CLOSE) {
      tellClose(by, client, "sent", frame.closeStatus, frame.binaryPayload ?? "");
    } else if (frame.opcode in CONTROL) {
      tellMessage(by, client, "sent", CONTROL[frame.opcode], frame.binaryPayload ?? "");
    }
    return sendFrame.call(connection, frame, ...rest);
  };
  connection.on("message", message => {
    if (message.type === "utf8") {
      tellMessage(by, client, "received", "text", message.utf8Data);
    } else {
      tellMessage(by, client, "received", "binary", message.binaryData);
    }
  });
  connection.on("ping", (_, data) => tellMessage(by, client, "received", "ping", data));
  connection.on("pong", data => tellMessage(by, client, "received", "pong", data));
}

main();
