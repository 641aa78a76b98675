// A kernel of a Jupyter server, as JupyterLab talks to it: three connections, one after the
// other. Argument: port.
"use strict";

const { once } = require("node:events");
const { KernelAPI, KernelConnection, ServerConnection } = require("@jupyterlab/services");
const { deserialize, serialize } = require("@jupyterlab/services/lib/kernel/serialize");
const { WebSocket } = require("ws");
const { loggedClient, tellApp } = require("./message-log.js");

// Else it is on standard output, as the log is.
console.debug = () => {};

let socket;
class V1WebSocket extends loggedClient(WebSocket, { tellsConnections: true }) {
  constructor(...parameters) {
    super(...parameters);
    socket = this;
  }
}
// Who offers no subprotocol gets the older form of messages.
class OlderWebSocket extends V1WebSocket {
  constructor(url) {
    super(url);
  }
}

const LATE = `
import time
print("Grüße ✓")
time.sleep(0.05)
1 / 0`;
// Front ends open comms of the name "echo": what comes on them goes back, each buffer
// reversed. The kernel opens one itself.
const COMMS = `
from comm import create_comm, get_comm_manager
def opened(comm, message):
    comm.on_msg(lambda message: comm.send({"back": message["content"]["data"]}, buffers=[
        bytes(buffer)[::-1] for buffer in message["buffers"]]))
get_comm_manager().register_target("echo", opened)
picture = create_comm(target_name="picture", data={"format": "rgb", "size": [10, 10]},
                      buffers=[b"", bytes(range(256)) + b"\\x00" * 44])`;
const QUESTION = `
from IPython.display import HTML, display
display(HTML("<b>fett</b>"))
input("Who? ").upper()`;

async function main() {
  const { id } = await KernelAPI.startNew({ name: "python3" }, settings(OlderWebSocket));
  await connected(id, OlderWebSocket, async kernel => {
    await kernel.requestComplete({ code: "impor", cursor_pos: 5 });
    await execute(kernel, LATE);
  });
  await connected(id, OlderWebSocket, async kernel => {
    const opened = new Promise(resolve => kernel.registerCommTarget("picture", resolve));
    await execute(kernel, COMMS);
    await opened;
    await exchangeBuffers(kernel);
  });
  await connected(id, V1WebSocket, async kernel => {
    await exchangeBuffers(kernel);
    await answerQuestion(kernel);
  });
  await KernelAPI.shutdownKernel(id, settings(V1WebSocket));
}

async function execute(kernel, code) {
  await kernel.requestExecute({ code: code.trim() }).done;
}

async function exchangeBuffers(kernel) {
  const comm = kernel.createComm("echo");
  await comm.open({ color: "grün" }, {}, [Uint8Array.of(1, 2, 3), new Uint8Array(0)]).done;
  const answered = new Promise(resolve => { comm.onMsg = resolve; });
  await comm.send({ angle: 30 }, {}, [
    Float32Array.of(1.5, -2), new TextEncoder().encode("Café"),
  ]).done;
  await answered;
}

async function answerQuestion(kernel) {
  const asking = kernel.requestExecute({ code: QUESTION.trim(), allow_stdin: true });
  asking.onStdin = ({ header }) =>
    kernel.sendInputReply({ status: "ok", value: "Zoë" }, header);
  await asking.done;
}

async function connected(id, kind, talk) {
  const kernel = new KernelConnection({
    model: { id, name: "python3" }, serverSettings: settings(kind), username: "demo",
    // It would make a thread of the kernel's for each kind of comm.
    commsOverSubshells: "disabled",
  });
  const connection = socket;
  await kernel.info;
  await talk(kernel);
  const closed = once(connection, "close");
  kernel.dispose();
  await closed;
}

// Each message is told as it is given to the library's own functions, or got from them.
function settings(kind) {
  const baseUrl = `http://127.0.0.1:${process.argv[2]}/`;
  const types = new Map();

  function tell(logged, msg, protocol) {
    const { header, parent_header: parent, channel, content, buffers = [] } = msg;
    types.set(header.msg_id, header.msg_type);
    const asked = types.get(parent?.msg_id);
    tellApp("client", `127.0.0.1:${socket._socket.localPort}`, logged, {
      type: header.msg_type, channel, msg_type: header.msg_type, msg_id: header.msg_id,
      ...(parent?.msg_id && { parent_msg_id: parent.msg_id }),
      // Else it is the message's own JSON.
      ...((protocol || buffers.length > 0) && { content }),
      ...(buffers.length > 0 && { buffers: buffers.map(buffer => buffer.byteLength) }),
    }, asked && { msg_id: parent.msg_id, msg_type: asked });
  }

  return ServerConnection.makeSettings({
    baseUrl, WebSocket: kind, token: "",
    serializer: {
      serialize: (msg, protocol) => {
        tell("sent", msg, protocol);
        return serialize(msg, protocol);
      },
      deserialize: (data, protocol) => {
        const msg = deserialize(data, protocol);
        tell("received", msg, protocol);
        return msg;
      },
    },
  });
}

main();
