// GraphQL over WebSocket: `graphql-ws` with the subprotocol graphql-transport-ws, and the
// older `subscriptions-transport-ws`, whose subprotocol is named graphql-ws. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { buildSchema, execute, subscribe } = require("graphql");
const { createClient } = require("graphql-ws");
const { useServer } = require("graphql-ws/use/ws");
const { SubscriptionClient, SubscriptionServer } = require("subscriptions-transport-ws");
const { WebSocket, WebSocketServer } = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const url = `ws://127.0.0.1:${process.argv[2]}/graphql`;
const LoggedWebSocket = loggedClient(WebSocket);

const schema = buildSchema(`
  type Query { planet(name: String!): Planet }
  type Planet { name: String!, moons: Int! }
  type Subscription { countdown(from: Int!): Int }
`);
const rootValue = {
  planet: ({ name }) => ({ name, moons: { Jupiter: 97, "Земля": 1 }[name] }),
  async *countdown({ from }) {
    for (let left = from; left >= 0; left--) {
      yield { countdown: left };
    }
  },
};
const PLANET = "query Planet($name: String!) { planet(name: $name) { name moons } }";
const COUNTDOWN = "subscription Countdown($from: Int!) { countdown(from: $from) }";
const OPERATIONS = [
  { query: PLANET, variables: { name: "Земля" } },
  { query: COUNTDOWN, variables: { from: 3 } },
  // Nobody knows its moons, which must not be missing.
  { query: PLANET, variables: { name: "Vulcan" } },
  { query: "{ comet }" },
];

async function main() {
  const server = http.createServer();
  serve(server);
  server.listen(Number(process.argv[2]), "127.0.0.1");
  await once(server, "listening");
  await graphqlTransportWs();
  await olderGraphqlWs();
  server.close();
}

function serve(server) {
  const current = logServer(new WebSocketServer({ noServer: true }));
  useServer({ schema, roots: { query: rootValue, subscription: rootValue } }, current, 100);
  const older = logServer(SubscriptionServer.create(
    { schema, rootValue, execute, subscribe, keepAlive: 100 }, { noServer: true }).server);
  server.on("upgrade", (request, socket, head) => {
    const offered = request.headers["sec-websocket-protocol"];
    const sockets = offered === "graphql-ws" ? older : current;
    sockets.handleUpgrade(request, socket, head,
      webSocket => sockets.emit("connection", webSocket, request));
  });
}

async function graphqlTransportWs() {
  const client = createClient({
    url, webSocketImpl: LoggedWebSocket, connectionParams: { language: "uk" },
    lazy: false, keepAlive: 100, retryAttempts: 0,
  });
  for (const operation of OPERATIONS) {
    await new Promise(over =>
      client.subscribe(operation, { next() {}, error: over, complete: over }));
  }
  // By now each has something to ping for: the server with frames, the client with messages.
  await new Promise(ponged => client.on("pong", ponged));
  const closed = new Promise(resolve => client.on("closed", resolve));
  await client.dispose();
  await closed;
}

async function olderGraphqlWs() {
  const client = new SubscriptionClient(url, { connectionParams: {} }, LoggedWebSocket);
  for (const operation of OPERATIONS) {
    await new Promise(over =>
      client.request(operation).subscribe({ next() {}, error: over, complete: over }));
  }
  // The server's keep-alive is a message.
  await once(client.client, "message");
  const closed = once(client.client, "close");
  client.close();
  await closed;
}

main();
