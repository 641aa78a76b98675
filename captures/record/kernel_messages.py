"""Messages of the Jupyter messaging protocol, and what the demonstration asks the kernel."""

import uuid
from datetime import datetime, timezone

SESSION = uuid.uuid4().hex

PRINT_AND_VALUE = """\
print("Grüße from the kernel ✓")
print("second line")
6 * 7"""

ERROR = "1 / 0"

# The kernel opens a comm with one buffer and answers each message with its buffers reversed.
OPEN_COMM = """\
from comm import create_comm
demo = create_comm(target_name="demo", data={"hello": True}, buffers=[bytes(range(256))])
def answer(message):
    demo.send({"answer": True}, buffers=[bytes(b)[::-1] for b in message["buffers"]])
demo.on_msg(answer)"""


def message(msg_type, content, channel="shell"):
    """A request as a front end builds it."""
    return {
        "header": {
            "msg_id": uuid.uuid4().hex, "msg_type": msg_type, "username": "demo",
            "session": SESSION, "version": "5.4",
            "date": datetime.now(timezone.utc).isoformat(),
        },
        "parent_header": {}, "metadata": {}, "content": content,
        "channel": channel, "buffers": [],
    }


def execute_request(code):
    return message("execute_request", {
        "code": code, "silent": False, "store_history": True,
        "user_expressions": {}, "allow_stdin": False, "stop_on_error": True,
    })


def comm_message(comm_id, buffers):
    return message("comm_msg", {"comm_id": comm_id, "data": {"hello": "kernel"}}) | {
        "buffers": buffers}


def hold_conversation(exchange):
    """Ask the kernel what a short notebook asks.

    `exchange(request, *awaited)` sends a request and reads on until the kernel is
    idle again after it and each message type in `awaited` has come; it gives back
    the messages that answer this request.
    """
    exchange(message("kernel_info_request", {}), "kernel_info_reply")
    exchange(execute_request(PRINT_AND_VALUE), "execute_result", "execute_reply")
    exchange(execute_request(ERROR), "error", "execute_reply")
    opened = exchange(execute_request(OPEN_COMM), "comm_open", "execute_reply")
    comm_id = next(m["content"]["comm_id"] for m in opened if msg_type(m) == "comm_open")
    exchange(comm_message(comm_id, [b"\x00\x01\x02\x03 four bytes and text"]), "comm_msg")


def answered(request, messages, awaited):
    """The messages that answer `request`, once all of them are there; until then None."""
    answers = [m for m in messages
               if m["parent_header"].get("msg_id") == request["header"]["msg_id"]]
    idle = any(msg_type(m) == "status" and m["content"]["execution_state"] == "idle"
               for m in answers)
    if idle and set(awaited) <= {msg_type(m) for m in answers}:
        return answers
    return None


def msg_type(m):
    return m["header"]["msg_type"]
