// Operations of GraphQL with `graphql-ws` (subprotocol graphql-transport-ws) and with the
// older `subscriptions-transport-ws` (subprotocol graphql-ws). Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");
const { buildSchema, execute, subscribe } = require("graphql");
const { createClient } = require("graphql-ws");
const { useServer } = require("graphql-ws/use/ws");
const { SubscriptionClient, SubscriptionServer } = require("subscriptions-transport-ws");
const { WebSocket, WebSocketServer } = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const url = `ws://127.0.0.1:${process.argv[2]}/observatory`;

const schema = buildSchema(`
  type Query { star(name: String!): Star, stars: [Star] }
  type Star { name: String!, magnitude: Float!, planets: Int }
  type Mutation { rename(from: String!, to: String!): Star }
  type Subscription { passing(every: Int!): Star }
`);
const STARS = [
  { name: "Wega", magnitude: 0.03 }, { name: "天狼", magnitude: -1.46 },
  // Its magnitude must not be missing, and its planets cannot be counted.
  { name: "Nemesis", planets: () => { throw new Error("too dark to count"); } },
];
const rootValue = {
  async star({ name }) {
    await sleep(15);
    return STARS.find(star => star.name === name);
  },
  stars: () => STARS,
  async rename({ from, to }) {
    await sleep(8);
    if (from === "Wega") {
      throw new Error("Wega keeps its name");
    }
    return { name: to, magnitude: 5 };
  },
  async *passing({ every }) {
    for (let index = 0; ; index++) {
      await sleep(every);
      yield { passing: STARS[index % 2] };
    }
  },
};

const STAR = "query Star($name: String!) { star(name: $name) { name magnitude } }";
const PASSING = "subscription Passing($every: Int!) { passing(every: $every) { name } }";
const TWO = "mutation Rename { rename(from: \"X\", to: \"Ünlü\") { name } }\n" +
  "mutation Keep { rename(from: \"Wega\", to: \"Y\") { name } }";

async function main() {
  const server = http.createServer();
  serve(server);
  server.listen(Number(process.argv[2]), "127.0.0.1");
  await once(server, "listening");
  await current();
  await refused();
  await older();
  server.close();
}

function serve(server) {
  const sockets = logServer(new WebSocketServer({ noServer: true }));
  useServer({
    schema, roots: { query: rootValue, mutation: rootValue, subscription: rootValue },
    onConnect: ({ connectionParams }) => connectionParams.badge !== "none",
    onSubscribe({ extra }, id, { query, operationName }) {
      extra.socket.heard({ type: "subscribe", id, ...operation(query, operationName) });
    },
    onNext({ extra }, id, payload, args, { errors }) {
      extra.socket.said({ type: "next", id, ...count(errors) });
    },
    onError({ extra }, id, payload, errors) {
      extra.socket.said({ type: "error", id, ...count(errors) });
    },
  }, sockets);
  const olderSockets = logServer(SubscriptionServer.create(
    { schema, rootValue, execute, subscribe, keepAlive: 150 }, { noServer: true }).server);
  server.on("upgrade", (request, socket, head) => {
    const offered = request.headers["sec-websocket-protocol"];
    const those = offered === "graphql-ws" ? olderSockets : sockets;
    those.handleUpgrade(request, socket, head,
      webSocket => those.emit("connection", webSocket, request));
  });
}

async function current() {
  const { client, run, socketOf } = connected({ connectionParams: { badge: "Zoë" } });
  await new Promise(resolve => client.on("connected", resolve));
  // All of them at once.
  await Promise.all([
    run({ query: STAR, variables: { name: "天狼" } }),
    run({ query: TWO, operationName: "Rename" }),
    run({ query: PASSING, variables: { every: 6 } }, 3),
  ]);
  await run({ query: TWO, operationName: "Keep" });
  await run({ query: "{ stars { name planets } comet }" });
  await run({ query: "query Dark { stars { name planets magnitude } }" });
  await new Promise(ponged => client.on("pong", ponged));
  const closed = once(socketOf(), "close");
  await client.dispose();
  await closed;
}

async function refused() {
  const { socketOf } = connected({ connectionParams: { badge: "none" } });
  await once(socketOf(), "close");
}

function connected(options) {
  let socket;
  class LoggedWebSocket extends loggedClient(WebSocket) {
    constructor(...parameters) {
      super(...parameters);
      socket = this;
    }
  }
  let ids = 0;
  const client = createClient({
    url, webSocketImpl: LoggedWebSocket, lazy: false, keepAlive: 120, retryAttempts: 0,
    onNonLazyError() {}, generateID: () => `star-${++ids}`, ...options,
  });
  const requests = { connection_ack: { type: "connection_init" }, pong: { type: "ping" } };
  client.on("opened", () => socket.said({ type: "connection_init" }));
  client.on("ping", received => received || socket.said({ type: "ping" }));
  client.on("message", ({ type, id, payload }) => {
    const errors = type === "error" ? payload : payload?.errors;
    const answers = id ? { type: "subscribe", id } : requests[type];
    socket.heard({ type, id, ...count(errors), answers });
  });
  // Until it is over, or until so many results have come.
  const run = (request, results) => new Promise(over => {
    const stop = client.subscribe(request, {
      next() {
        if (--results === 0) {
          socket.said({ type: "complete", id });
          stop();
        }
      },
      error: over, complete: over,
    });
    const id = `star-${ids}`;
    socket.said({ type: "subscribe", id, ...operation(request.query, request.operationName) });
  });
  return { client, run, socketOf: () => socket };
}

async function older() {
  const client = new SubscriptionClient(url, { connectionParams: {} }, loggedClient(WebSocket));
  const { processReceivedData, sendMessage } = client;
  client.sendMessage = (id, type, payload) => {
    const { query, operationName } = payload ?? {};
    client.client.said({ type, id, ...(query && operation(query, operationName)) });
    sendMessage.call(client, id, type, payload);
  };
  client.processReceivedData = data => {
    const { type, id, payload } = JSON.parse(data);
    const errors = type === "error" ? [payload].flat() : payload?.errors;
    const answers = id ? { type: "start", id }
      : type === "connection_ack" ? { type: "connection_init" } : undefined;
    client.client.heard({ type, id, ...count(errors), answers });
    processReceivedData.call(client, data);
  };
  const run = (request, results) => new Promise(over => {
    const { unsubscribe } = client.request(request).subscribe({
      next() {
        if (--results === 0) {
          unsubscribe();
          over();
        }
      },
      error: over, complete: over,
    });
  });
  await new Promise(resolve => client.onConnected(resolve));
  await Promise.all([
    run({ query: STAR, variables: { name: "Wega" } }),
    run({ query: PASSING, variables: { every: 6 } }, 2),
  ]);
  await run({ query: TWO, operationName: "Keep" });
  await run({ query: "{ comet }" });
  await once(client.client, "message");
  const closed = once(client.client, "close");
  client.close();
  await closed;
}

// The head of the operation that is meant.
function operation(query, operationName) {
  const heads = query.match(/\b(query|mutation|subscription) \w+/g) ?? [];
  const head = operationName ? heads.find(head => head.endsWith(` ${operationName}`)) : heads[0];
  return { ...(operationName && { operationName }), ...(head && { operation: head }) };
}

function count(errors) {
  return errors ? { errors: errors.length } : {};
}

main();
