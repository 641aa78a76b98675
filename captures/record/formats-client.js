// MessagePack as npm's `@msgpack/msgpack` writes it, to a server that answers with what
// another library makes of it. Argument: port.
"use strict";

const { once } = require("node:events");
const { ExtData, encode } = require("@msgpack/msgpack");
const { WebSocket } = require("ws");
const { loggedClient } = require("./message-log.js");

const ORDER = { order: 17, for: "Zoë", items: [{ name: "Brötchen 🥐", count: 12 }], paid: false };

async function main() {
  const LoggedWebSocket = loggedClient(WebSocket);
  const socket = new LoggedWebSocket(`ws://127.0.0.1:${process.argv[2]}/packed/msgpack`,
    { perMessageDeflate: false });
  await once(socket, "open");
  const messages = [
    [ORDER, { json: ORDER }],
    [[0, 127, 128, -1, -33, 70000, 5e9, -5e9, 0.5], {}],
    ["Grüße", {}],
    [{ picture: Buffer.from([0x89, 0, 255]), when: new Date(1700000000123) }, {}],
    [{ long: "x".repeat(300), many: Array.from({ length: 20 }, (_, index) => index) }, {}],
    [new ExtData(42, Buffer.from("own")), {}],
  ];
  for (const [message, content] of messages) {
    socket.send(encode(message), { told: { format: "msgpack", ...content } });
    await once(socket, "message");
  }
  const closed = once(socket, "close");
  socket.close(1000);
  await closed;
}

main();
