"""A moto server that also answers CloudWatch's RPC v2 CBOR, which is all that AWS's Rust SDK speaks to CloudWatch.

moto knows CloudWatch's JSON. What happens here is translation alone, by botocore's own serializers and the service's own model: the
request becomes JSON, moto answers it, its answer becomes CBOR. Everything else goes to moto as it came.
"""

from __future__ import annotations

import io
import sys

from botocore.parsers import JSONParser, RpcV2CBORParser
from botocore.serialize import JSONSerializer, RpcV2CBORSerializer
from botocore.session import Session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.test import run_wsgi_app

MODEL = Session().get_service_model("cloudwatch")
PREFIX = f"/service/{MODEL.metadata['targetPrefix']}/operation/"


def to_cbor(values: dict, shape) -> bytes:
    body = bytearray()
    RpcV2CBORSerializer()._serialize_data_item(body, values, shape)
    return bytes(body)


class Translator:
    """moto, with one more protocol."""

    def __init__(self, moto):
        self.moto = moto

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self.moto(environ, start_response)
        operation = MODEL.operation_model(path.removeprefix(PREFIX))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reader = RpcV2CBORParser()
        asked = reader.parse_data_item(reader.get_peekable_stream_from_bytes(body)) if body else {}
        as_json = JSONSerializer().serialize_to_request(asked, operation)["body"]
        environ |= {
            "PATH_INFO": "/", "RAW_URI": "/", "REQUEST_URI": "/", "CONTENT_TYPE": "application/x-amz-json-1.0",
            "HTTP_X_AMZ_TARGET": f"{MODEL.metadata['targetPrefix']}.{operation.name}",
            "CONTENT_LENGTH": str(len(as_json)), "wsgi.input": io.BytesIO(as_json),
        }  # fmt: skip
        for gone in ("HTTP_SMITHY_PROTOCOL", "HTTP_ACCEPT", "HTTP_X_AMZN_QUERY_MODE"):
            environ.pop(gone, None)
        chunks, status, headers = run_wsgi_app(self.moto, environ)
        code = int(status.split()[0])
        read = JSONParser().parse(
            {"status_code": code, "headers": dict(headers.items()), "body": b"".join(chunks)}, operation.output_shape
        )
        about = read.pop("ResponseMetadata", {})
        if code >= 300:
            error = {"__type": read["Error"]["Code"], "message": read["Error"]["Message"]}
            string = MODEL.shape_for("AlarmName")
            answer = bytearray(b"\xa2")
            for text in [text for pair in error.items() for text in pair]:
                RpcV2CBORSerializer()._serialize_data_item(answer, text, string)
            answer = bytes(answer)
        else:
            answer = to_cbor(read, operation.output_shape) if operation.output_shape else b"\xa0"
        given = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), ("Content-Length", str(len(answer)))]
        if "RequestId" in about:
            given.append(("x-amzn-RequestId", about["RequestId"]))
        start_response(status, given)
        return [answer]


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), Translator(DomainDispatcherApplication(create_backend_app)), threaded=True)
