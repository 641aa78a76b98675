// Terminals of a Jupyter server, as JupyterLab shows them: two windows on one, and one that
// the server ends. Argument: port.
"use strict";

const { once } = require("node:events");
const { PageConfig } = require("@jupyterlab/coreutils");
const { ServerConnection, TerminalAPI } = require("@jupyterlab/services");
const { TerminalConnection } = require("@jupyterlab/services/lib/terminal/default");
const { WebSocket } = require("ws");
const { loggedClient, tellApp } = require("./message-log.js");

// Jupyter's pages say so.
PageConfig.setOption("terminalsAvailable", "true");
// It is told of each connection that closes.
console.warn = () => {};

const PROMPT = "demo$ ";
// Colours, a title, the cursor back, what is wider than a cell, a bell.
const COLOURS = String.raw`printf '\033[1;32mgrün\033[0m \033[38;5;208m日本語\033[m 👩‍🍳\r\n'`;
const TITLE = String.raw`printf '\033]0;Küche\007'; printf '50%%\r\033[K100%%\n\a'`;

let socket;
class LoggedWebSocket extends loggedClient(WebSocket, { tellsConnections: true }) {
  constructor(...parameters) {
    super(...parameters);
    socket = this;
  }
}
const serverSettings = ServerConnection.makeSettings({
  baseUrl: `http://127.0.0.1:${process.argv[2]}/`, WebSocket: LoggedWebSocket, token: "",
});

async function main() {
  const model = await TerminalAPI.startNew(serverSettings);
  const first = await opened(model);
  first.send("set_size", 24, 80, 480, 640);
  await first.shows(PROMPT);
  for (const command of [COLOURS, TITLE, "cat"]) {
    first.send("stdin", `${command}\r`);
    await (command === "cat" ? first.shows("cat\r\n") : first.shows(PROMPT));
  }
  // The terminal takes back one byte of the three.
  first.send("stdin", "é…\x7f!\r");
  await first.shows("\ufffd!\r\n");

  // What was shown comes again to a second window; both see what either types.
  const second = await opened(model);
  await second.shows("\ufffd!\r\n");
  second.send("set_size", 10, 40, 200, 320);
  second.send("stdin", "\x03");
  await Promise.all([first.shows(PROMPT), second.shows(PROMPT)]);
  await second.leave();
  first.send("stdin", "exit\r");
  await first.ended;

  const other = await opened(await TerminalAPI.startNew(serverSettings));
  await other.shows(PROMPT);
  other.send("stdin", "echo '[\"stdin\", \"x\"]' \\\r");
  await other.shows("> ");
  await TerminalAPI.shutdownTerminal(other.name, serverSettings);
  await other.ended;
}

// A window that tells what it types and shows as JupyterLab's library takes and gives it.
async function opened(model) {
  const terminal = new TerminalConnection({ model, serverSettings });
  const connection = socket;
  const closed = once(connection, "close");
  let shown = "";
  let look = () => {};

  const tell = (logged, app) =>
    tellApp("client", `127.0.0.1:${connection._socket.localPort}`, logged, app);
  terminal.connectionStatusChanged.connect((_, status) => {
    if (status === "connected") {
      tell("received", { type: "setup" });
    }
  });
  // The library keeps "disconnect" to itself, but for this.
  let leaves = false;
  terminal.disposed.connect(() => {
    if (!leaves) {
      tell("received", { type: "disconnect" });
    }
  });
  terminal.messageReceived.connect((_, { type, content }) => {
    tell("received", told(type, content));
    shown += content[0];
    look();
  });

  await once(connection, "open");
  return {
    name: model.name,
    ended: closed,
    send(type, ...content) {
      tell("sent", told(type, content));
      terminal.send({ type, content });
    },
    // Until this was shown, since last time.
    shows: text => new Promise(resolve => {
      look = () => {
        const at = shown.indexOf(text);
        if (at !== -1) {
          shown = shown.slice(at + text.length);
          look = () => {};
          resolve();
        }
      };
      look();
    }),
    leave: async () => {
      leaves = true;
      terminal.dispose();
      await closed;
    },
  };
}

function told(type, content) {
  if (type === "set_size") {
    const [rows, cols] = content;
    return { type, rows, cols };
  }
  return { type, text: content[0] };
}

main();
