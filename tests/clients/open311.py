"""Reads an Open311 door with georeport, as it is published, in one of its two formats.

    open311.py ROOT KEY FORMAT <'["case", "another case"]'

Prints what the client made of the answers. It knows no way to send a key but the address itself.
"""

import json
import sys

import requests
from georeport import GeoReport


def refused(ask) -> int:
    """The status of an answer that the client takes for an error."""
    try:
        ask()
    except requests.HTTPError as error:
        return error.response.status_code
    return 200


def main(root: str, key: str, output_format: str) -> None:
    first, second = json.load(sys.stdin)
    scheme, rest = root.split("://", 1)
    door = GeoReport(f"{scheme}://any:{key}@{rest}", output_format=output_format)
    services = door.get_service_list()
    print(
        json.dumps(
            {
                "services": services,
                "definition": door.get_service_definition(services[0]["service_code"]),
                "one": door.get_service_request(first),
                "named": door.get_service_requests(service_request_id=first),
                "both": door.get_service_requests(service_request_id=f"{first},{second}"),
                "open": door.get_service_requests(status="open"),
                "unknown": refused(lambda: door.get_service_request("260101-0000000")),
                "unknown_among": refused(
                    lambda: door.get_service_requests(service_request_id=f"{first},260101-0000000")
                ),
                "without_key": refused(GeoReport(root, output_format=output_format).get_service_list),
            }
        )
    )


main(*sys.argv[1:])
