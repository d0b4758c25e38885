"""Asks one method over gRPC, knowing nothing but an address: the contracts come by reflection.

    TOKEN=… ask.py HOST:PORT huying.intake.v1.IntakeService/Submit '{"title": "…"}' [HOW_MANY]

A stream of requests is written as an array; a stream of answers is read to its end, or until there are HOW_MANY. Each answer is printed as JSON on a line, a refusal on standard error. Needs grpcio and
grpcio-reflection; no generated code.
"""

import json
import os
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main(address: str, method: str, text: str, how_many: str = "0") -> None:
    service, name = method.split("/")
    with grpc.insecure_channel(address) as channel:
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        descriptor = pool.FindServiceByName(service).methods_by_name[name]
        question = message_factory.GetMessageClass(descriptor.input_type)
        answer = message_factory.GetMessageClass(descriptor.output_type)
        said = json.loads(text)
        messages = [json_format.ParseDict(one, question()) for one in (said if isinstance(said, list) else [said])]
        # One answer is a stream that ends after it.
        ask = channel.stream_stream(
            f"/{method}", request_serializer=question.SerializeToString, response_deserializer=answer.FromString
        )
        metadata = [("authorization", f"Bearer {os.environ['TOKEN']}")]
        try:
            for number, one in enumerate(ask(iter(messages), metadata=metadata), start=1):
                told = json_format.MessageToDict(one, preserving_proto_field_name=True)
                print(json.dumps(told, ensure_ascii=False), flush=True)
                if number == int(how_many):
                    break
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")


main(*sys.argv[1:])
