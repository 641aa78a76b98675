// Chromium's DevTools protocol with npm's chrome-remote-interface: one connection to the
// browser with two pages as sessions on it, one to a page, and one to the same page whose
// messages are written by hand. Arguments: port, and the path that stands for the browser.
"use strict";

const { once } = require("node:events");
const { WebSocket } = require("ws");
const { loggedClient, tellApp } = require("./message-log.js");

// chrome-remote-interface has a `ws` of its own, and takes this from now on.
const own = require.resolve("ws", { paths: [require.resolve("chrome-remote-interface")] });
const sockets = [];
const OwnWebSocket = loggedClient(require(own), { tellsConnections: true });
require.cache[own].exports = class extends OwnWebSocket {
  constructor(...parameters) {
    super(...parameters);
    sockets.push(this);
  }
};
const CDP = require("chrome-remote-interface");

const url = `ws://127.0.0.1:${process.argv[2]}`;
const PAGE = "data:text/html;charset=utf-8,<title>Küche</title><h1>Café</h1>";

// What answers a little later, and is not the first to be answered.
const LATE = `new Promise(done => setTimeout(() => done("späte Antwort ✓"), 60))`;
// A value that looks like the protocol itself.
const LIKE_CDP = `({ id: 1, method: "Page.enable", params: {}, sessionId: "none" })`;

async function main() {
  const target = await wholeBrowser();
  await onePage(target);
  await byHand(target);
}

async function wholeBrowser() {
  const browser = await connected(process.argv[3]);
  const { targetId } = await browser.call("Target.createTarget", { url: PAGE });
  const other = await browser.call("Target.createTarget", { url: "about:blank" });
  const page = await attached(browser, targetId);
  const blank = await attached(browser, other.targetId);

  await Promise.all([
    browser.call("Runtime.evaluate", { expression: LATE, awaitPromise: true }, page),
    browser.call("Runtime.evaluate", { expression: "6 * 7" }, blank),
    browser.call("Runtime.evaluate", { expression: "document.title" }, page),
  ]);
  await browser.call("Runtime.enable", {}, page);
  await browser.call("Runtime.addBinding", { name: "tell" }, page);
  await browser.call("Runtime.evaluate", {
    expression: `console.log("Grüße", { from: "page" }); tell("{\\"oven\\": 200}"); ${LIKE_CDP}`,
    returnByValue: true,
  }, page);
  // An exception is a result.
  await browser.call("Runtime.evaluate", { expression: "cook()" }, page);

  await browser.fails("Runtime.evaluate", {}, page);
  await browser.fails("Kitchen.boil", { egg: "🥚" });
  await browser.fails("Runtime.evaluate", { expression: "1" }, "0123456789ABCDEF");

  await browser.call("Target.detachFromTarget", { sessionId: blank });
  await browser.call("Target.closeTarget", { targetId: other.targetId });
  await browser.close();
  return targetId;
}

async function attached(browser, targetId) {
  const { sessionId } = await browser.call("Target.attachToTarget", { targetId, flatten: true });
  return sessionId;
}

async function onePage(target) {
  const page = await connected(`/devtools/page/${target}`);
  await page.call("Page.enable");
  const loaded = new Promise(resolve => page.library.once("Page.loadEventFired", resolve));
  await page.call("Page.navigate", { url: "data:text/html,<body bgcolor=teal>" });
  await loaded;
  await page.call("Page.captureScreenshot", {
    clip: { x: 0, y: 0, width: 16, height: 16, scale: 1 },
  });
  await page.call("Emulation.setDeviceMetricsOverride", {
    width: 320, height: 200, deviceScaleFactor: 1, mobile: false,
  });
  await page.call("Runtime.evaluate", { expression: "innerWidth" });
  await page.close();
}

// chrome-remote-interface, which logs what it is told and tells.
async function connected(path) {
  const library = await CDP({ target: `${url}${path}`, local: true });
  const socket = sockets.at(-1);
  const client = `127.0.0.1:${socket._socket.localPort}`;
  // It numbers its commands from one.
  let id = 0;

  function send(method, params, sessionId, answered) {
    const session = sessionId && { sessionId };
    const command = { type: "command", id: ++id, method, ...session };
    tellApp("client", client, "sent", command);
    library.send(method, params, sessionId, (failed, answer) => {
      const about = failed
        ? { type: "error", id: command.id, code: answer.code, message: answer.message }
        : { type: "result", id: command.id };
      tellApp("client", client, "received", about, command);
      answered(failed, answer);
    });
  }

  library.on("event", ({ method, sessionId }) =>
    tellApp("client", client, "received", {
      type: "event", method, ...(sessionId && { sessionId }),
    }));
  return {
    library,
    call: (method, params, sessionId) => new Promise((resolve, reject) =>
      send(method, params, sessionId, (failed, answer) =>
        failed ? reject(new Error(answer.message)) : resolve(answer))),
    fails: (method, params, sessionId) => new Promise((resolve, reject) =>
      send(method, params, sessionId, (failed, answer) =>
        failed ? resolve(answer) : reject(new Error(`${method} did not fail`)))),
    close: async () => {
      const closed = once(socket, "close");
      socket.close(1000);
      await closed;
    },
  };
}

// What a library does not send: the same id in two sessions at once, an id that is large
// and one that is missing, and no JSON.
async function byHand(target) {
  const LoggedWebSocket = loggedClient(WebSocket, { tellsConnections: true });
  const socket = new LoggedWebSocket(`${url}/devtools/page/${target}`, {
    perMessageDeflate: false,
  });
  await once(socket, "open");
  const client = `127.0.0.1:${socket._socket.localPort}`;
  const waiting = new Map();

  socket.on("message", data => {
    const { id, method, error, sessionId } = JSON.parse(data);
    const about = {
      type: error ? "error" : method ? "event" : "result",
      ...(id !== undefined && { id }), ...(method && { method }),
      ...(sessionId && { sessionId }),
      ...(error && { code: error.code, message: error.message }),
    };
    const { command, answered } = waiting.get(`${sessionId} ${id}`) ?? {};
    tellApp("client", client, "received", about, command);
    waiting.delete(`${sessionId} ${id}`);
    answered?.(JSON.parse(data));
  });
  function call(id, method, params, sessionId) {
    const session = sessionId && { sessionId };
    const command = { type: "command", id, method, ...session };
    tellApp("client", client, "sent", command);
    socket.send(JSON.stringify({ id, method, params, ...session }));
    return new Promise(answered => waiting.set(`${sessionId} ${id}`, { command, answered }));
  }

  const { result } = await call(2147483647, "Target.attachToTarget",
    { targetId: target, flatten: true });
  await Promise.all([
    call(7, "Runtime.evaluate", { expression: LATE, awaitPromise: true }),
    call(7, "Runtime.evaluate", { expression: "'the same number'" }, result.sessionId),
  ]);
  for (const broken of ["no JSON", `{"method":"Page.enable"}`]) {
    const answered = once(socket, "message");
    socket.send(broken);
    await answered;
  }
  const closed = once(socket, "close");
  socket.close(1000, "done");
  await closed;
}

main();
