// What stands at both sides of nginx: two clients at once, and the server that it passes
// them on to. Each logs its own connections. Arguments: ports of nginx and of the server.
"use strict";

const { once } = require("node:events");
const { WebSocket, WebSocketServer } = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const [port, serverPort] = process.argv.slice(2).map(Number);
const LoggedWebSocket = loggedClient(WebSocket, { tellsConnections: true });

async function main() {
  const server = logServer(new WebSocketServer({ host: "127.0.0.1", port: serverPort }));
  server.on("connection", tellScores);
  await once(server, "listening");
  const [home, away] = [await connected("home"), await connected("away")];
  await Promise.all([watch(home), argue(away)]);
  server.close();
}

function tellScores(socket, request) {
  const client = request.headers["x-forwarded-for"];
  socket.send(JSON.stringify({ side: request.url.slice(1), client }));
  socket.on("message", (data, isBinary) => {
    if (data.toString() === "scores") {
      for (let minute = 5; minute <= 90; minute += 17) {
        socket.send(JSON.stringify({ minute, score: [minute % 3, minute % 2], fans: "🎉" }));
      }
      socket.ping("whistle");
    } else {
      socket.send(data, { binary: isBinary });
    }
  });
}

// The server's last word is a ping.
async function watch(socket) {
  socket.send("scores");
  await once(socket, "ping");
  socket.close(1000, "the end");
  await once(socket, "close");
}

// Long enough to pass nginx in pieces.
async function argue(socket) {
  for (const opinion of ["offside!", "n".repeat(200), Buffer.alloc(20000, "o"), ""]) {
    socket.send(opinion);
    await once(socket, "message");
  }
  socket.ping();
  await once(socket, "pong");
  socket.close(4000);
  await once(socket, "close");
}

async function connected(side) {
  const socket = new LoggedWebSocket(`ws://127.0.0.1:${port}/live/${side}`);
  await once(socket, "message");
  return socket;
}

main();
