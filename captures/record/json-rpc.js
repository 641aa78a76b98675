// JSON-RPC 2.0 with both ends of three libraries, a connection each, whose paths are their
// names: json-rpc-2.0, rpc-websockets, and vscode-jsonrpc as language servers use it.
// Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { setTimeout: after } = require("node:timers/promises");
const {
  createJSONRPCErrorResponse, JSONRPCClient, JSONRPCErrorException, JSONRPCServer,
  JSONRPCServerAndClient,
} = require("json-rpc-2.0");
const rpcWebsockets = require("rpc-websockets");
const vscode = require("vscode-jsonrpc");
const { WebSocket, WebSocketServer } = require("ws");
const { logServer, loggedClient, tellApp } = require("./message-log.js");

const url = `ws://127.0.0.1:${process.argv[2]}`;
const LoggedWebSocket = loggedClient(WebSocket);

async function main() {
  const httpServer = http.createServer();
  const routes = { "/rpc-websockets": publishEvents() };
  for (const [path, serve] of [["/json-rpc-2.0", cook], ["/vscode-jsonrpc", serveLanguage]]) {
    routes[path] = logServer(new WebSocketServer({ noServer: true }));
    routes[path].on("connection", (socket, { socket: tcp }) =>
      serve(socket, told("server", () => `127.0.0.1:${tcp.remotePort}`)));
  }
  httpServer.on("upgrade", (request, tcp, head) => {
    const server = routes[request.url];
    server.handleUpgrade(request, tcp, head, socket => server.emit("connection", socket, request));
  });
  httpServer.listen(Number(process.argv[2]), "127.0.0.1");
  await once(httpServer, "listening");

  await order();
  await subscribe();
  await edit();
  httpServer.close();
}

// One end of a connection tells what messages are to JSON-RPC, and which requests they answer.
function told(by, clientOf) {
  const asked = { sent: new Map(), received: new Map() };
  const pending = (logged, id) => asked[logged].get(`${typeof id} ${id}`);

  function inItsTerms(logged, { id, method, error }) {
    if (method !== undefined) {
      const app = { type: id === undefined ? "notification" : "request", method,
        ...(id !== undefined && { id }) };
      if (id !== undefined) {
        asked[logged].set(`${typeof id} ${id}`, app);
      }
      return { app };
    }
    const answers = pending(logged === "sent" ? "received" : "sent", id);
    return error
      ? { app: { type: "error", ...(id !== null && { id }), code: error.code,
        message: error.message }, answers }
      : { app: { type: "response", id }, answers };
  }

  return (logged, message) => {
    if (!Array.isArray(message)) {
      const { app, answers } = inItsTerms(logged, message);
      tellApp(by, clientOf(), logged, app, answers);
      return;
    }
    const parts = message.map(part => inItsTerms(logged, part).app);
    // Which requests a batch answers, its parts know.
    tellApp(by, clientOf(), logged,
      "method" in message[0] ? { type: parts[0].type, parts } : { type: parts[0].type });
  };
}

async function opened(path) {
  const socket = new LoggedWebSocket(`${url}${path}`, { perMessageDeflate: false });
  const client = () => `127.0.0.1:${socket._socket.localPort}`;
  const tell = told("client", client);
  await once(socket, "open");
  return { socket, tell };
}

async function closed(socket, code, reason) {
  const over = once(socket, "close");
  socket.close(code, reason);
  await over;
}

// json-rpc-2.0: requests from both sides, also with the same ids at once, and batches.

function bothWays(socket, tell, createID) {
  const send = message => {
    tell("sent", message);
    socket.send(JSON.stringify(message));
  };
  const peer = new JSONRPCServerAndClient(
    new JSONRPCServer({ errorListener: () => {} }),
    new JSONRPCClient(async message => send(message), createID));
  socket.on("message", data => {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      send(createJSONRPCErrorResponse(null, -32700, "Parse error"));
      return;
    }
    tell("received", message);
    peer.receiveAndSend(message);
  });
  return peer;
}

function cook(socket, tell) {
  const peer = bothWays(socket, tell);
  peer.addMethod("oven.heat", async ({ celsius }) => {
    if (celsius > 250) {
      throw new JSONRPCErrorException("so heiß nicht", 451, { limit: 250 });
    }
    // Meanwhile the guest is asked, with an id that its own requests have as well.
    const dish = await peer.request("guest.wish", ["Käse", "Äpfel"]);
    await after(30);
    peer.notify("oven.hot", { celsius, dish });
    return { celsius, dish };
  });
  peer.addMethod("clock", async () => {
    await after(5);
    return null;
  });
  peer.addMethod("add", ([a, b]) => a + b);
  peer.addMethod("bell", () => {});
}

async function order() {
  const { socket, tell } = await opened("/json-rpc-2.0");
  const names = ["order-1", "order-2", ""].values();
  const peer = bothWays(socket, tell, () => names.next().value);
  const hot = new Promise(resolve => peer.addMethod("oven.hot", resolve));
  peer.addMethod("guest.wish", async ([dish]) => {
    await after(10);
    return dish;
  });

  // A number and a string that look alike are two ids.
  await Promise.all([
    peer.request("oven.heat", { celsius: 200 }),
    peer.requestAdvanced({ jsonrpc: "2.0", id: 1, method: "clock" }),
    peer.requestAdvanced({ jsonrpc: "2.0", id: "1", method: "add", params: [1, 2.5] }),
  ]);
  await hot;
  peer.notify("bell");
  await peer.request("oven.heat", { celsius: 300 }).catch(() => {});
  // Its id is the empty string.
  await peer.request("oven.freeze").catch(() => {});
  await peer.requestAdvanced({ jsonrpc: "2.0", id: 0, method: "add", params: [0, 0] });

  await peer.requestAdvanced([
    { jsonrpc: "2.0", id: 10, method: "add", params: [3, 4] },
    { jsonrpc: "2.0", method: "bell" },
    { jsonrpc: "2.0", id: "ten", method: "nothing" },
    { jsonrpc: "2.0", id: 11, method: "clock" },
  ]);
  // Nobody answers these.
  await peer.requestAdvanced([
    { jsonrpc: "2.0", method: "bell" },
    { jsonrpc: "2.0", method: "bell", params: { times: 2 } },
  ]);
  const answered = once(socket, "message");
  socket.send("{ no JSON");
  await answered;
  await closed(socket, 1000, "satt");
}

// rpc-websockets: events have a form of their own, which is not JSON-RPC's.

// What the library makes messages with, and reads them.
class TellingDataPack extends rpcWebsockets.DefaultDataPack {
  constructor(tell) {
    super();
    this.tell = (logged, message) => {
      if (message.notification === undefined) {
        tell(logged, message);
      }
    };
  }

  encode(message) {
    this.tell("sent", message);
    return super.encode(message);
  }

  decode(data) {
    const message = super.decode(data);
    this.tell("received", message);
    return message;
  }
}

function publishEvents() {
  let client;
  const server = new rpcWebsockets.Server(
    { noServer: true }, new TellingDataPack(told("server", () => client)));
  server.on("connection", (_, { socket }) => { client = `127.0.0.1:${socket.remotePort}`; });
  const namespace = server.of("/rpc-websockets");
  namespace.event("baked");
  namespace.register("bake", async ([what]) => {
    await after(20);
    namespace.emit("baked", what, { minutes: 20 });
    return `${what} 🥖`;
  });
  return logServer(server.wss);
}

async function subscribe() {
  let socket;
  const client = new rpcWebsockets.CommonClient((address, options) => {
    socket = new LoggedWebSocket(address, options);
    return socket;
  }, `${url}/rpc-websockets`, { reconnect: false, perMessageDeflate: false }, undefined,
  new TellingDataPack(told("client", () => `127.0.0.1:${socket._socket.localPort}`)));
  await new Promise(resolve => client.on("open", resolve));
  await client.subscribe("baked");
  const baked = new Promise(resolve => client.on("baked", resolve));
  await client.call("bake", ["Brötchen"]);
  await baked;
  await client.call("burn").catch(() => {});
  await client.notify("rpc.nothing", { of: "this" });
  await client.unsubscribe("baked");
  await closed(socket);
}

// vscode-jsonrpc over vscode-ws-jsonrpc: both sides count their requests from zero.

async function connection(socket, tell) {
  const { toSocket, WebSocketMessageReader, WebSocketMessageWriter } =
    await import(require.resolve("vscode-ws-jsonrpc"));
  const reader = new WebSocketMessageReader(toSocket(socket));
  const writer = new WebSocketMessageWriter(toSocket(socket));
  const { listen } = reader;
  reader.listen = callback => listen.call(reader, message => {
    tell("received", message);
    callback(message);
  });
  const { write } = writer;
  writer.write = message => {
    tell("sent", message);
    return write.call(writer, message);
  };
  return vscode.createMessageConnection(reader, writer);
}

async function serveLanguage(socket, tell) {
  const server = await connection(socket, tell);
  server.onRequest("initialize", async () => {
    await after(10);
    return { capabilities: { hoverProvider: true }, serverInfo: { name: "Rezepte" } };
  });
  server.onNotification("textDocument/didOpen", async ({ textDocument: { uri } }) => {
    const [settings] = await server.sendRequest("workspace/configuration", {
      items: [{ scopeUri: uri, section: "rezepte" }],
    });
    server.sendNotification("textDocument/publishDiagnostics", {
      uri, diagnostics: [{ severity: settings.strict ? 1 : 2, message: "Salz fehlt",
        range: { start: { line: 1, character: 0 }, end: { line: 1, character: 4 } } }],
    });
  });
  server.onRequest("textDocument/hover", async () => {
    await after(15);
    return { contents: { kind: "markdown", value: "**Mehl**: 500 g" } };
  });
  server.onRequest("workspace/symbol", async (_, token) => {
    await new Promise(resolve => token.onCancellationRequested(resolve));
    return new vscode.ResponseError(-32800, "abgebrochen");
  });
  server.onRequest("shutdown", () => null);
  server.onNotification("exit", () => {});
  server.listen();
}

async function edit() {
  const { socket, tell } = await opened("/vscode-jsonrpc");
  const editor = await connection(socket, tell);
  const marked = new Promise(resolve =>
    editor.onNotification("textDocument/publishDiagnostics", resolve));
  editor.onRequest("workspace/configuration", async () => {
    await after(5);
    return [{ strict: true }];
  });
  editor.listen();

  const uri = "file:///rezepte/brot.md";
  await editor.sendRequest("initialize", { processId: null, rootUri: null, capabilities: {} });
  editor.sendNotification("initialized", {});
  editor.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "markdown", version: 1, text: "# Brot\nMehl\n" },
  });
  const hover = editor.sendRequest("textDocument/hover", {
    textDocument: { uri }, position: { line: 1, character: 2 },
  });
  const cancelling = new vscode.CancellationTokenSource();
  const symbols = editor.sendRequest("workspace/symbol", { query: "Mehl" }, cancelling.token);
  await Promise.all([hover, marked]);
  cancelling.cancel();
  await symbols.catch(() => {});
  await editor.sendRequest("textDocument/rename", { newName: "Teig" }).catch(() => {});
  await editor.sendRequest("shutdown");
  await editor.sendNotification("exit");
  await closed(socket, 1000);
}

main();
