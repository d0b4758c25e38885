"""Submits a case and reads it back over gRPC, knowing nothing but an address: the contracts come by reflection.

    reflection.py HOST:PORT TOKEN <submission.json

Needs grpcio, grpcio-reflection and protobuf; no generated code.
"""

import json
import sys
import time

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

WAIT_S = 30


class Service:
    """One service, by its full name."""

    def __init__(self, channel, pool, name: str, token: str | None):
        self.channel = channel
        self.descriptor = pool.FindServiceByName(name)
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def call(self, method: str, request: dict) -> dict:
        descriptor = self.descriptor.methods_by_name[method]
        ask = message_factory.GetMessageClass(descriptor.input_type)
        answer = message_factory.GetMessageClass(descriptor.output_type)
        send = self.channel.unary_unary(
            f"/{self.descriptor.full_name}/{method}",
            request_serializer=ask.SerializeToString,
            response_deserializer=answer.FromString,
        )
        message = json_format.ParseDict(request, ask())
        response = send(message, metadata=self.metadata, timeout=10)
        return json_format.MessageToDict(response, preserving_proto_field_name=True)


def main(address: str, token: str) -> None:
    submission = json.load(sys.stdin)
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = descriptor_pool.DescriptorPool(database)
        intake = Service(channel, pool, "huying.intake.v1.IntakeService", token)
        casebook = Service(channel, pool, "huying.casebook.v1.CasebookService", token)
        stranger = Service(channel, pool, "huying.intake.v1.IntakeService", None)

        submitted = intake.call("Submit", submission)
        try:
            stranger.call("Submit", submission)
            without_token = "OK"
        except grpc.RpcError as error:
            without_token = error.code().name

        wanted = {"district": submission["district"], "case_id": submitted["case_id"]}
        deadline = time.monotonic() + WAIT_S
        while True:
            case = casebook.call("Get", wanted)["case"]
            if any(entry["event"] == "Assigned" for entry in case["timeline"]) or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        told = {
            "services": list(database.get_services()),
            "without_token": without_token,
            "submitted": submitted,
            "case": case,
        }
    print(json.dumps(told))


main(*sys.argv[1:])
