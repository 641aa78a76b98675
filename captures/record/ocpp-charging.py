"""Record ocpp-charging.pcapng: three charging stations and their management system, which
speak OCPP 1.6, 2.0.1 and 2.1 with the library `ocpp` at both ends.

The library lets one call of a side wait at a time. Here several do, so that answers come
in another order than the calls. Of 2.1 it does not know SEND and CALLRESULTERROR, which
are written by hand.
"""

import asyncio
import itertools
import json
import logging
import sys
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import websockets
from ocpp import v16, v21, v201
from ocpp.exceptions import OCPPError, SecurityError
from ocpp.messages import MessageType, unpack
from ocpp.routing import on

from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog

NOW = "2024-05-17T10:00:00Z"
NAMES = {MessageType.Call: "CALL", MessageType.CallResult: "CALLRESULT",
         MessageType.CallError: "CALLERROR", 5: "CALLRESULTERROR", 6: "SEND"}
CALLS_AT_ONCE = 4


def main(folder):
    # Else the library prints each error that it answers with.
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)
    capture = Path(folder) / "ocpp-charging.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(asyncio.wait_for(record(port, log), SECONDS))
    log.write()


async def record(port, log):
    async def serve(channel):
        wire, path = LoggedChannel(channel, "server", log), channel.request.path
        log.connection(wire.client, channel.local_address, path, channel.subprotocol,
                       end="closed")
        _, system = VERSIONS[channel.subprotocol]
        await system(path.rpartition("/")[2], wire).run()

    async with websockets.serve(serve, "127.0.0.1", port, compression=None,
                                subprotocols=list(VERSIONS)):
        for version, (station, _) in VERSIONS.items():
            name = f"GARAGE-{version.removeprefix('ocpp')}"
            async with websockets.connect(f"ws://127.0.0.1:{port}/ocpp/{name}", compression=None,
                                          subprotocols=[version]) as channel:
                await station(name, LoggedChannel(channel, "client", log)).run()


class Answers:
    """In place of the library's queue, from which only one call can take its answer."""

    def __init__(self):
        self.waiting = defaultdict(asyncio.Future)

    def put_nowait(self, answer):
        self.waiting[answer.unique_id].set_result(answer)


class Logged:
    """One end of a connection: `wire` logs its messages, this what they are to OCPP."""

    def __init__(self, name, wire):
        super().__init__(name, wire)
        self.wire = wire
        self.actions = {"said": {}, "heard": {}}
        self._call_lock = asyncio.Semaphore(CALLS_AT_ONCE)
        self._response_queue = self.answers = Answers()

    async def run(self):
        """Until the connection is closed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.talk())
            async for message in self.wire:
                self.note("heard", message)
                tasks.create_task(self.route_message(message))
        self.wire.log_closes()

    async def talk(self):
        """What this end does by itself."""

    async def _get_specific_response(self, unique_id, timeout):
        return await asyncio.wait_for(self.answers.waiting[unique_id], timeout)

    async def _send(self, message):
        self.note("said", message)
        await self.wire.send(message)

    def note(self, how, message):
        other = {"said": "heard", "heard": "said"}[how]
        try:
            what = unpack(message)
        except OCPPError:
            number, unique_id, first, *_ = json.loads(message)
            app = {"type": NAMES[number], "id": unique_id,
                   "action" if number == 6 else "code": first}
            getattr(self.wire.log, how)(self.wire.by, self.wire.client, app)
            return
        app = {"type": NAMES[what.message_type_id], "id": what.unique_id}
        answers = None
        if what.message_type_id == MessageType.Call:
            app["action"] = self.actions[how][what.unique_id] = what.action
        else:
            answers = {"type": "CALL", "id": what.unique_id,
                       "action": self.actions[other].pop(what.unique_id)}
        if what.message_type_id == MessageType.CallError:
            app["code"] = what.error_code
            if what.error_description:
                app["description"] = what.error_description
        getattr(self.wire.log, how)(self.wire.by, self.wire.client, app, answers)


@dataclass
class Teleport:
    """An action that no version has."""

    to: str


class System16(Logged, v16.ChargePoint):
    """Its calls have the same numbers as the station's."""

    def __init__(self, name, wire):
        super().__init__(name, wire)
        numbers = itertools.count(1)
        self._unique_id_generator = lambda: next(numbers)
        self.asks = asyncio.Event()
        self.stopped = asyncio.Event()

    async def talk(self):
        await self.asks.wait()
        await self.call(v16.call.GetConfiguration(key=["HeartbeatInterval", "Language"]))
        await self.call(v16.call.ChangeConfiguration(key="Language", value="日本語"))
        await self.call(v16.call.RemoteStartTransaction(id_tag="zoë", connector_id=1))
        # The station has no handler for this one.
        await self.call(v16.call.UnlockConnector(connector_id=1))
        await self.stopped.wait()
        await self.call(v16.call.Reset(type="Soft"))

    @on("BootNotification")
    async def boot(self, **_):
        await asyncio.sleep(0.02)
        return v16.call_result.BootNotification(current_time=NOW, interval=300, status="Accepted")

    @on("StatusNotification")
    def status(self, **_):
        return v16.call_result.StatusNotification()

    @on("Authorize")
    async def authorize(self, id_tag):
        # Meanwhile other calls go both ways.
        self.asks.set()
        await asyncio.sleep(0.15)
        return v16.call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on("Heartbeat")
    async def heartbeat(self):
        await asyncio.sleep(0.005)
        return v16.call_result.Heartbeat(current_time=NOW)

    @on("StartTransaction")
    async def start_transaction(self, **_):
        await asyncio.sleep(0.03)
        return v16.call_result.StartTransaction(transaction_id=7,
                                                id_tag_info={"status": "Accepted"})

    @on("StopTransaction")
    def stop_transaction(self, **_):
        self.stopped.set()
        return v16.call_result.StopTransaction()

    @on("MeterValues")
    def meter_values(self, **_):
        return v16.call_result.MeterValues()

    @on("DataTransfer")
    async def data_transfer(self, **_):
        await asyncio.sleep(0.01)
        raise RuntimeError("the vendor's service is away")


class Station16(Logged, v16.ChargePoint):
    def __init__(self, name, wire):
        super().__init__(name, wire)
        numbers = itertools.count(1)
        self._unique_id_generator = lambda: next(numbers)
        self.remotely_started = asyncio.Event()
        self.reset = asyncio.Event()

    async def talk(self):
        await self.call(v16.call.BootNotification(charge_point_model="Wallbox 16",
                                                  charge_point_vendor="Bühler"))
        await self.call(v16.call.StatusNotification(
            connector_id=1, error_code="NoError", status="Available"))
        await asyncio.gather(self.call(v16.call.Authorize(id_tag="zoë")),
                             self.call(v16.call.Heartbeat()))
        await self.remotely_started.wait()
        await self.call(v16.call.StartTransaction(connector_id=1, id_tag="zoë", meter_start=100,
                                                  timestamp=NOW))
        # Without its values.
        await self.call(v16.call.MeterValues(connector_id="one"), skip_schema_validation=True)
        await self.call(Teleport(to="Zürich"), skip_schema_validation=True)
        await self.call(v16.call.DataTransfer(vendor_id="example", data='[2,"1","Heartbeat",{}]'))
        await self.call(v16.call.StopTransaction(meter_stop=4200, timestamp=NOW,
                                                 transaction_id=7))
        await self.reset.wait()
        await self.wire.channel.close(1000, "reset")

    @on("GetConfiguration")
    async def get_configuration(self, key):
        await asyncio.sleep(0.01)
        return v16.call_result.GetConfiguration(
            configuration_key=[{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
            unknown_key=["Language"])

    @on("ChangeConfiguration")
    def change_configuration(self, **_):
        return v16.call_result.ChangeConfiguration(status="NotSupported")

    @on("RemoteStartTransaction")
    async def remote_start(self, **_):
        await asyncio.sleep(0.01)
        self.remotely_started.set()
        return v16.call_result.RemoteStartTransaction(status="Accepted")

    @on("Reset")
    async def on_reset(self, **_):
        asyncio.get_running_loop().call_later(0.05, self.reset.set)
        return v16.call_result.Reset(status="Accepted")


class System201(Logged, v201.ChargePoint):
    def __init__(self, name, wire):
        super().__init__(name, wire)
        self.booted = asyncio.Event()

    async def talk(self):
        await self.booted.wait()
        # The second one is answered first.
        variables = [{"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name}}
                     for name in ("HeartbeatInterval", "OfflineThreshold")]
        await asyncio.gather(
            self.call(v201.call.GetVariables(get_variable_data=variables)),
            self.call(v201.call.RequestStartTransaction(
                id_token={"idToken": "zoë", "type": "Central"}, remote_start_id=1)))
        await self.call(v201.call.Reset(type="OnIdle"))

    @on("BootNotification")
    async def boot(self, **_):
        await asyncio.sleep(0.02)
        asyncio.get_running_loop().call_later(0.01, self.booted.set)
        return v201.call_result.BootNotification(current_time=NOW, interval=300,
                                                 status="Accepted")

    @on("TransactionEvent")
    async def transaction_event(self, event_type, **_):
        await asyncio.sleep(0.01)
        if event_type == "Ended":
            return v201.call_result.TransactionEvent(total_cost=8.25)
        return v201.call_result.TransactionEvent(updated_personal_message={
            "format": "UTF8", "language": "de", "content": "Gute Fahrt, Zoë 🚗"})

    @on("DataTransfer")
    def data_transfer(self, data, **_):
        return v201.call_result.DataTransfer(status="Accepted", data=data)

    @on("Authorize")
    async def authorize(self, **_):
        await asyncio.sleep(0.01)
        raise SecurityError("this token is known to nobody", {"asked": ["local", "roaming"]})

    @on("Heartbeat")
    def heartbeat(self, **_):
        raise SecurityError("")


class Station201(Logged, v201.ChargePoint):
    def __init__(self, name, wire):
        super().__init__(name, wire)
        self.started = asyncio.Event()
        self.reset = asyncio.Event()

    async def talk(self):
        await self.call(v201.call.BootNotification(
            charging_station={"model": "Wallbox 20", "vendorName": "Bühler"}, reason="PowerUp"))
        await self.started.wait()
        await self.transaction("Started", 0)
        await self.transaction("Ended", 1)
        # Data that looks like OCPP.
        await self.call(v201.call.DataTransfer(
            vendor_id="example", data=[[2, "1", "Reset", {}], [3, "1", {}]]))
        await self.call(v201.call.Authorize(id_token={"idToken": "nobody", "type": "Central"}))
        await self.call(v201.call.Heartbeat())
        await self.reset.wait()
        await self.wire.channel.close(1000, "reset")

    async def transaction(self, event_type, number):
        await self.call(v201.call.TransactionEvent(
            event_type=event_type, timestamp=NOW, trigger_reason="RemoteStart", seq_no=number,
            transaction_info={"transactionId": "t-1"}))

    @on("GetVariables")
    async def get_variables(self, get_variable_data):
        await asyncio.sleep(0.06)
        return v201.call_result.GetVariables(get_variable_result=[
            variable | {"attribute_status": "Accepted", "attribute_value": "300"}
            for variable in get_variable_data])

    @on("RequestStartTransaction")
    async def request_start(self, **_):
        await asyncio.sleep(0.01)
        self.started.set()
        return v201.call_result.RequestStartTransaction(status="Accepted", transaction_id="t-1")

    @on("Reset")
    async def on_reset(self, **_):
        asyncio.get_running_loop().call_later(0.2, self.reset.set)
        return v201.call_result.Reset(status="Scheduled")


class System21(Logged, v21.ChargePoint):
    async def talk(self):
        self.opened = asyncio.Event()
        await self.opened.wait()
        await asyncio.sleep(0.01)
        await self.call(v21.call.Reset(type="OnIdle"))

    @on("BootNotification")
    async def boot(self, **_):
        await asyncio.sleep(0.02)
        return v21.call_result.BootNotification(current_time=NOW, interval=300,
                                                status="Accepted")

    @on("OpenPeriodicEventStream")
    async def open_stream(self, **_):
        await asyncio.sleep(0.01)
        self.opened.set()
        return v21.call_result.OpenPeriodicEventStream(status="Accepted")


class Station21(Logged, v21.ChargePoint):
    async def talk(self):
        self.reset = asyncio.Event()
        await self.call(v21.call.BootNotification(
            charging_station={"model": "Wallbox 21", "vendorName": "Bühler"}, reason="PowerUp"))
        await self.call(v21.call.OpenPeriodicEventStream(constant_stream_data={
            "id": 3, "variableMonitoringId": 12, "params": {"interval": 1}}))
        # Nobody answers these.
        for number in range(2):
            await self._send(json.dumps([6, str(uuid.uuid4()), "NotifyPeriodicEventStream", {
                "id": 3, "pending": 0, "basetime": NOW,
                "data": [{"t": number, "v": str(230 + number)}]}]))
        # Its answer is not to the station's liking.
        unique_id = str(uuid.uuid4())
        await self.call(v21.call.BootNotification(
            charging_station={"model": "Wallbox 21", "vendorName": "Bühler"},
            reason="Triggered"), unique_id=unique_id)
        await self._send(json.dumps(
            [5, unique_id, "PropertyConstraintViolation", "no such interval", {}]))
        await self.reset.wait()
        await self.wire.channel.close(1000, "reset")

    @on("Reset")
    async def on_reset(self, **_):
        asyncio.get_running_loop().call_later(0.1, self.reset.set)
        return v21.call_result.Reset(status="Accepted")


VERSIONS = {"ocpp1.6": (Station16, System16), "ocpp2.0.1": (Station201, System201),
            "ocpp2.1": (Station21, System21)}


if __name__ == "__main__":
    main(sys.argv[1])
