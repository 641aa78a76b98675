// A shell in a terminal of a pod, with Kubernetes' client for Node. Argument: port.
"use strict";

const { once } = require("node:events");
const { PassThrough, Writable } = require("node:stream");
const { WebSocket } = require("ws");
const { loggedClient, tellApp } = require("./message-log.js");

const LoggedWebSocket = loggedClient(WebSocket);
const COMMANDS = [
  "stty -echo\n",
  String.raw`printf '\033[1;33mKäse\033[0m 🧀🧀🧀🧀🧀🧀🧀🧀 \033]0;Ofen\007\n'; stty size` + "\n",
  // The command writes nothing for a while.
  "sleep 0.05; echo done\n",
];

async function main() {
  // It is a module, for which the place of the libraries counts for nothing.
  const { Exec, KubeConfig } = await import(require.resolve("@kubernetes/client-node"));
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "kitchen", server: `http://127.0.0.1:${process.argv[2]}`, skipTLSVerify: true },
    { name: "cook" });

  let socket;
  const exec = new Exec(config);
  exec.handler.socketFactory = (uri, protocols) => {
    socket = new LoggedWebSocket(uri, protocols, { perMessageDeflate: false });
    return socket;
  };
  const tell = (logged, app) =>
    tellApp("client", `127.0.0.1:${socket._socket.localPort}`, logged, app);

  const stdin = new PassThrough();
  const stdout = new Screen(tell, 24, 80);
  const status = new Promise(resolve => {
    exec.exec("kitchen", "oven", "main", ["sh"], stdout, null, stdin, true, resolve);
  });
  await stdout.shows("oven$ ");
  tell("sent", { type: "resize", channel: 4, json: { height: 24, width: 80 } });

  const type = line => {
    tell("sent", { type: "stdin", channel: 0, text: line });
    stdin.write(line);
  };
  for (const command of COMMANDS) {
    type(command);
    await stdout.shows("oven$ ");
    if (command === COMMANDS[0]) {
      stdout.resize(50, 132);
    }
  }
  tell("sent", { type: "close" });
  const closed = once(socket, "close");
  stdin.end();
  tell("received", { type: "error", channel: 3, json: await status });
  await closed;
}

// What a terminal's window is to the library, which does not tell it of empty messages.
class Screen extends Writable {
  constructor(tell, rows, columns) {
    super();
    Object.assign(this, { tell, rows, columns, shown: "", look: () => {} });
  }

  _write(data, _, done) {
    this.shown += data;
    this.look();
    done();
  }

  resize(rows, columns) {
    Object.assign(this, { rows, columns });
    this.tell("sent", { type: "resize", channel: 4, json: { height: rows, width: columns } });
    this.emit("resize");
  }

  // Until this was shown, since last time.
  shows(text) {
    return new Promise(resolve => {
      this.look = () => {
        const at = this.shown.indexOf(text);
        if (at !== -1) {
          this.shown = this.shown.slice(at + text.length);
          this.look = () => {};
          resolve();
        }
      };
      this.look();
    });
  }
}

main();
