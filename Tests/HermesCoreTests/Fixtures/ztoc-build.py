"""Builds a zTOC with Google's flatbuffers builder, in the order of calls of the SOCI snapshotter.

Reads a description in JSON, whose texts are in hexadecimal, and writes the zTOC to the second argument.
"""
import json
import sys

import flatbuffers
from flatbuffers import number_types as N


def text(builder, value):
    return builder.CreateString(bytes.fromhex(value))


def references(builder, offsets):
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def build_entry(builder, entry):
    names = [text(builder, entry[key]) for key in ("name", "type", "linkname", "uname", "gname", "mod_time")]
    name, kind, linkname, uname, gname, mod_time = names
    records = []
    for key, value in entry["xattrs"]:
        key, value = text(builder, key), text(builder, value)
        builder.StartObject(2)
        builder.PrependUOffsetTRelativeSlot(0, key, 0)
        builder.PrependUOffsetTRelativeSlot(1, value, 0)
        records.append(builder.EndObject())
    xattrs = references(builder, records)
    builder.StartObject(14)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUOffsetTRelativeSlot(1, kind, 0)
    builder.PrependInt64Slot(2, entry["uncompressed_offset"], 0)
    builder.PrependInt64Slot(3, entry["uncompressed_size"], 0)
    builder.PrependUOffsetTRelativeSlot(4, linkname, 0)
    builder.PrependInt64Slot(5, entry["mode"], 0)
    builder.PrependUint32Slot(6, entry["uid"], 0)
    builder.PrependUint32Slot(7, entry["gid"], 0)
    builder.PrependUOffsetTRelativeSlot(8, uname, 0)
    builder.PrependUOffsetTRelativeSlot(9, gname, 0)
    builder.PrependUOffsetTRelativeSlot(10, mod_time, 0)
    builder.PrependInt64Slot(11, entry["devmajor"], 0)
    builder.PrependInt64Slot(12, entry["devminor"], 0)
    builder.PrependUOffsetTRelativeSlot(13, xattrs, 0)
    return builder.EndObject()


def tar_zinfo(span_size, size):
    builder = flatbuffers.Builder(0)
    builder.StartObject(3)
    builder.PrependInt32Slot(0, 2, 0)
    builder.PrependInt64Slot(1, span_size, 0)
    builder.PrependInt64Slot(2, size, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        layer = json.load(file)
    builder = flatbuffers.Builder(0)
    version = builder.CreateString("0.9")
    tool = builder.CreateString("AWS SOCI CLI v0.2")
    entries = [build_entry(builder, entry) for entry in reversed(layer["entries"])]
    metadata = references(builder, entries[::-1])
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, metadata, 0)
    toc = builder.EndObject()
    if layer["algorithm"] == 2:
        blob = tar_zinfo(layer["span_size"], layer["compressed_size"])
    else:
        blob = bytes.fromhex(layer["checkpoints"])
    checkpoints = builder.CreateByteVector(blob)
    digests = references(builder, [builder.CreateString(digest) for digest in layer["digests"]])
    builder.StartObject(4)
    builder.PrependInt32Slot(1, len(layer["digests"]) - 1, 0)
    builder.PrependUOffsetTRelativeSlot(2, digests, 0)
    builder.PrependUOffsetTRelativeSlot(3, checkpoints, 0)
    builder.PrependSlot(N.Int8Flags, 0, layer["algorithm"], 1)
    info = builder.EndObject()
    builder.StartObject(6)
    builder.PrependUOffsetTRelativeSlot(0, version, 0)
    builder.PrependUOffsetTRelativeSlot(1, tool, 0)
    builder.PrependUOffsetTRelativeSlot(4, toc, 0)
    builder.PrependInt64Slot(2, layer["compressed_size"], 0)
    builder.PrependInt64Slot(3, layer["uncompressed_size"], 0)
    builder.PrependUOffsetTRelativeSlot(5, info, 0)
    builder.Finish(builder.EndObject())
    with open(sys.argv[2], "wb") as file:
        file.write(builder.Output())


main()
