import type { Choices } from './choices.js';
import {
  ContentType,
  concat,
  fragment,
  fragmentsOf,
  handshakeHeader,
  plainRecord,
  recordHeader,
  recordsOf,
  type WireRecord,
  writeNumber,
} from './wire.js';

/** Changes a copy of a datagram. `other` is a datagram to take parts of; connection IDs in them have `cidLength` bytes. */
export type Mutator = (datagram: Uint8Array, choices: Choices, other: Uint8Array, cidLength?: number) => Uint8Array;

/** Numbers at the edges of what fields hold. */
const edges = [0, 1, 2, 3, 20, 21, 22, 23, 24, 63, 64, 65, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x4001, 0x7fff];
const farEdges = [0xfefd, 0xfeff, 0xffff, 0x1_0000, 0xff_ffff, 0x7fff_ffff, 0xffff_ffff, 2 ** 40, 2 ** 48 - 1];
const allEdges = [...edges, ...farEdges];

/** The fields of a record header: where, and how many bytes. RFC 6347 §4.1. */
const recordFields = [
  [0, 1],
  [1, 2],
  [3, 2],
  [5, 6],
  [11, 2],
] as const;

/** The fields of a handshake header. RFC 6347 §4.2.2. */
const handshakeFields = [
  [0, 1],
  [1, 3],
  [4, 2],
  [6, 3],
  [9, 3],
] as const;

/** Every way to spoil a datagram. */
export const mutators: readonly Mutator[] = [
  flipBits,
  setByte,
  truncate,
  extend,
  remove,
  repeat,
  swapRecords,
  spliceRecord,
  changeRecordField,
  changeRecordField,
  changeHandshakeField,
  changeHandshakeField,
  cutMessage,
  overlapMessage,
  coalesceMessages,
  insertRecord,
  changeConnectionId,
];

function flipBits(datagram: Uint8Array, choices: Choices): Uint8Array {
  const copy = datagram.slice();
  for (let flips = 1 + choices.below(4); flips > 0 && copy.length > 0; flips -= 1) {
    const at = choices.u16() % copy.length;
    copy[at] = (copy[at] ?? 0) ^ (1 << choices.below(8));
  }
  return copy;
}

function setByte(datagram: Uint8Array, choices: Choices): Uint8Array {
  const copy = datagram.slice();
  if (copy.length > 0) copy[choices.u16() % copy.length] = choices.byte();
  return copy;
}

function truncate(datagram: Uint8Array, choices: Choices): Uint8Array {
  return datagram.slice(0, choices.u16() % (datagram.length + 1));
}

function extend(datagram: Uint8Array, choices: Choices): Uint8Array {
  return concat(datagram, choices.bytes(1 + choices.below(40)));
}

function remove(datagram: Uint8Array, choices: Choices): Uint8Array {
  const at = choices.u16() % (datagram.length + 1);
  return concat(datagram.subarray(0, at), datagram.subarray(at + choices.below(32)));
}

function repeat(datagram: Uint8Array, choices: Choices): Uint8Array {
  const at = choices.u16() % (datagram.length + 1);
  const part = datagram.subarray(at, at + choices.below(256));
  return concat(datagram.subarray(0, at), part, datagram.subarray(at));
}

function swapRecords(datagram: Uint8Array, choices: Choices, _other: Uint8Array, cidLength = 0): Uint8Array {
  const parts = recordsOf(datagram, cidLength).map(({ start, end }) => datagram.subarray(start, end));
  const first = parts.splice(choices.below(Math.max(1, parts.length)), 1);
  return concat(...parts, ...first);
}

function spliceRecord(datagram: Uint8Array, choices: Choices, other: Uint8Array, cidLength = 0): Uint8Array {
  const theirs = pickRecord(other, choices, cidLength);
  const ours = pickRecord(datagram, choices, cidLength);
  const part = theirs === undefined ? other : other.subarray(theirs.start, theirs.end);
  const at = ours?.start ?? 0;
  const rest = choices.chance(128) ? datagram.subarray(at) : datagram.subarray(ours?.end ?? at);
  return concat(datagram.subarray(0, at), part, rest);
}

function changeRecordField(datagram: Uint8Array, choices: Choices, _other: Uint8Array, cidLength = 0): Uint8Array {
  const copy = datagram.slice();
  const record = pickRecord(copy, choices, cidLength);
  if (record !== undefined) changeField(copy, record.start, choices.pick(recordFields), choices);
  return copy;
}

/** Another connection ID, a longer or shorter one, one where there was none, or none where there was one. */
function changeConnectionId(datagram: Uint8Array, choices: Choices, _other: Uint8Array, cidLength = 0): Uint8Array {
  const copy = datagram.slice();
  const record = pickRecord(copy, choices, cidLength);
  if (record === undefined) return copy;
  const at = record.start + recordHeader - 2;
  const { length } = record.cid;
  const cid = choices.pick([
    () => record.cid.map((byte) => byte ^ (choices.chance(64) ? 1 << choices.below(8) : 0)),
    () => choices.bytes(length),
    () => choices.bytes(choices.below(24)),
    () => record.cid.slice(1),
    () => new Uint8Array(0),
  ])();
  copy[record.start] = choices.pick([
    ContentType.withConnectionId,
    ContentType.withConnectionId,
    record.type,
    ContentType.applicationData,
    ContentType.handshake,
  ]);
  return concat(copy.subarray(0, at), cid, copy.subarray(at + length));
}

function changeHandshakeField(datagram: Uint8Array, choices: Choices): Uint8Array {
  const copy = datagram.slice();
  const record = pickRecord(copy, choices);
  if (record !== undefined && record.body.length >= handshakeHeader) {
    changeField(copy, record.start + recordHeader, choices.pick(handshakeFields), choices);
  }
  return copy;
}

/** Two fragments instead of a message, with a gap, an overlap, or neither, in either order. */
function cutMessage(datagram: Uint8Array, choices: Choices): Uint8Array {
  return replaceMessage(datagram, choices, ({ type, length, messageSeq, offset, data }) => {
    const at = choices.u16() % (data.length + 1);
    const from = Math.max(0, at - choices.below(3) + choices.below(3));
    const parts = [
      fragment(type, length, messageSeq, offset, data.slice(0, at)),
      fragment(type, length, messageSeq, offset + from, data.slice(from)),
    ];
    return choices.chance(128) ? parts : parts.reverse();
  });
}

/** The message, and fragments that claim other bytes for the same places. */
function overlapMessage(datagram: Uint8Array, choices: Choices): Uint8Array {
  return replaceMessage(datagram, choices, ({ type, length, messageSeq, offset, data }) => {
    const at = choices.u16() % (data.length + 1);
    const forged = fragment(type, length, messageSeq, offset + at, choices.bytes(choices.below(20)));
    const whole = fragment(type, length, messageSeq, offset, data);
    return choices.chance(128) ? [forged, whole] : [whole, forged];
  });
}

/** All messages of a datagram in one record. */
function coalesceMessages(datagram: Uint8Array): Uint8Array {
  const records = recordsOf(datagram);
  const plain = records.filter(({ type, epoch }) => type === ContentType.handshake && epoch === 0);
  const [first] = plain;
  if (first === undefined) return datagram.slice();
  const rest = records
    .filter((record) => !plain.includes(record))
    .map(({ start, end }) => datagram.subarray(start, end));
  const body = concat(...plain.map((record) => record.body));
  return concat(plainRecord(ContentType.handshake, 0, first.sequence, body), ...rest);
}

/** A record of the fuzzer's own before or behind the others. */
function insertRecord(datagram: Uint8Array, choices: Choices): Uint8Array {
  const type = choices.pick([20, 21, 22, 23, 24, 25, 27, 0, 255]);
  const body = choices.pick([
    Uint8Array.of(1),
    Uint8Array.of(2, choices.pick([0, 20, 40, 50, 80, 90, 100])),
    Uint8Array.of(1, choices.pick([0, 90, 100, 110])),
    fragment(choices.pick([0, 1, 2, 3, 12, 14, 16, 20]), 0, choices.below(8), 0, new Uint8Array(0)),
    choices.bytes(choices.below(48)),
  ]);
  const record = plainRecord(type, choices.pick([0, 0, 0, 1, 2]), choices.below(100), body);
  return choices.chance(128) ? concat(record, datagram) : concat(datagram, record);
}

function replaceMessage(
  datagram: Uint8Array,
  choices: Choices,
  replace: (message: ReturnType<typeof fragmentsOf>[number]) => Uint8Array[],
): Uint8Array {
  const record = pickRecord(datagram, choices);
  const [message] = record?.type === ContentType.handshake ? fragmentsOf(record.body) : [];
  if (record === undefined || message === undefined) return datagram.slice();
  const parts = replace(message).map((body) => plainRecord(record.type, record.epoch, record.sequence, body));
  return concat(datagram.subarray(0, record.start), ...parts, datagram.subarray(record.end));
}

function pickRecord(datagram: Uint8Array, choices: Choices, cidLength = 0): WireRecord | undefined {
  const records = recordsOf(datagram, cidLength);
  return records[choices.below(Math.max(1, records.length))];
}

/** Sets a field to an edge, or moves it by a little. */
function changeField(bytes: Uint8Array, start: number, [at, size]: readonly [number, number], choices: Choices): void {
  let value = 0;
  for (let i = 0; i < size; i += 1) value = value * 256 + (bytes[start + at + i] ?? 0);
  const changed = choices.chance(96) ? value + choices.byte() - 128 : choices.pick(allEdges);
  writeNumber(bytes, start + at, size, Math.max(0, changed) % 256 ** size);
}
