"""Holds the raw bytes of answers against botocore's own service models: known members, required members, types, enumerations."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from botocore.model import OperationModel, Shape

NUMBERS = {"integer": int, "long": int, "float": (int, float), "double": (int, float)}
# What was answered with success, and held against the model, in this run: signing name and operation.
DRIVEN: set[tuple[str, str]] = set()
HEADERS = {"header", "headers", "statusCode"}


def watch(client):
    """Validates each success that the client gets from here on; gives the names of the operations that it saw."""
    seen: list[str] = []

    def received(http_response, model: OperationModel, parsed, **_):
        if http_response.status_code < 300:
            seen.append(model.name)
            validate(model, http_response)
            DRIVEN.add((model.service_model.signing_name, model.name))
        else:
            assert parsed["Error"].get("Code"), f"{model.name}: an error without a code: {http_response.content!r}"
        assert parsed["ResponseMetadata"].get("RequestId"), f"{model.name}: no request id"

    client.meta.events.register("after-call", received)
    return seen


def validate(model: OperationModel, response) -> None:
    """Holds one answer against the operation's output."""
    shape, path = model.output_shape, model.name
    protocol = model.service_model.resolved_protocol
    # The bytes of a stream are left to who asked for them.
    if shape is None or model.has_streaming_output:
        return
    body = response.content
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name in ("blob", "string"):
        return
    if protocol in ("json", "rest-json"):
        if not body and all(member.serialization.get("location") in HEADERS for member in shape.members.values()):
            return
        told = json.loads(body or b"{}")
        json_value(shape.members[payload] if payload else shape, told, path)
    elif protocol in ("query", "rest-xml", "ec2"):
        if not body:
            assert all(member.serialization.get("location") in HEADERS for member in shape.members.values()), f"{path} is empty"
            return
        root = ElementTree.fromstring(body)
        if protocol == "query":
            root = next(child for child in root if plain(child.tag).endswith("Result"))
        if model.name == "GetBucketLocation":
            return
        xml_structure(shape.members[payload] if payload else shape, root, path, {"requestId"} if protocol == "ec2" else set())
    # CBOR is typed by itself, and botocore's parser refuses what does not fit.


def json_value(shape: Shape, value, path: str) -> None:
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), f"{path}: {value!r} is no object"
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for key, inner in value.items():
            assert key in names, f"{path}.{key} is not in the model"
            assert inner is not None, f"{path}.{key} is null"
            json_value(names[key][1], inner, f"{path}.{key}")
        for name in shape.required_members:
            member = shape.members[name]
            if member.serialization.get("location") not in HEADERS:
                assert member.serialization.get("name", name) in value, f"{path}.{name} is required"
    elif kind == "list":
        assert isinstance(value, list), f"{path}: {value!r} is no list"
        for number, inner in enumerate(value):
            json_value(shape.member, inner, f"{path}[{number}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{path}: {value!r} is no map"
        for key, inner in value.items():
            json_value(shape.value, inner, f"{path}.{key}")
    elif kind == "timestamp":
        assert isinstance(value, (int, float, str)), f"{path}: {value!r} is no time"
    elif kind in NUMBERS:
        assert isinstance(value, NUMBERS[kind]) and not isinstance(value, bool), f"{path}: {value!r} is no {kind}"
    elif kind == "boolean":
        assert isinstance(value, bool), f"{path}: {value!r} is no boolean"
    else:
        assert isinstance(value, str), f"{path}: {value!r} is no text"
        enumerated(shape, value, path)


def enumerated(shape: Shape, value: str, path: str) -> None:
    values = getattr(shape, "enum", None)
    assert not values or value in values, f"{path}: {value!r} is none of {values}"


def plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def xml_structure(shape: Shape, element, path: str, more: set[str] = frozenset()) -> None:
    names = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            wire = member.member.serialization.get("name", wire)
        names[wire] = (name, member)
    seen = set()
    for child in element:
        tag = plain(child.tag)
        if tag in more:
            continue
        assert tag in names, f"{path}.{tag} is not in the model"
        name, member = names[tag]
        seen.add(name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            xml_value(member.member, child, f"{path}.{tag}")
        else:
            xml_value(member, child, f"{path}.{tag}")
    for name in shape.required_members:
        member = shape.members[name]
        bound = member.serialization.get("location") in HEADERS or member.serialization.get("xmlAttribute")
        assert bound or name in seen or member.serialization.get("flattened"), f"{path}.{name} is required"


def xml_value(shape: Shape, element, path: str) -> None:
    kind, text = shape.type_name, element.text or ""
    if kind == "structure":
        xml_structure(shape, element, path)
    elif kind == "list":
        wanted = shape.member.serialization.get("name", "member")
        for number, child in enumerate(element):
            assert plain(child.tag) == wanted, f"{path}: {plain(child.tag)} where {wanted} belongs"
            xml_value(shape.member, child, f"{path}[{number}]")
    elif kind == "map":
        entries = [element] if shape.serialization.get("flattened") else list(element)
        for entry in entries:
            assert len(entry) == 2, f"{path}: an entry without key and value"
            xml_value(shape.value, entry[1], f"{path}.{entry[0].text}")
    elif kind == "timestamp":
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text), f"{path}: {text!r} is no time"
    elif kind in NUMBERS:
        float(text)
        assert kind in ("float", "double") or re.fullmatch(r"-?\d+", text), f"{path}: {text!r} is no {kind}"
    elif kind == "boolean":
        assert text in ("true", "false"), f"{path}: {text!r} is no boolean"
    else:
        enumerated(shape, text, path)
