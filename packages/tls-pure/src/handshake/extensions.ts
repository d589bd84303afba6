import { AlertDescription } from '@avs-net/core';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** Extension types by their names in the IANA registry "TLS ExtensionType Values". */
export const ExtensionType = {
  server_name: 0,
  max_fragment_length: 1,
  supported_groups: 10,
  ec_point_formats: 11,
  encrypt_then_mac: 22,
  extended_master_secret: 23,
  session_ticket: 35,
  connection_id: 54,
  rrc: 61,
  renegotiation_info: 0xff01,
} as const;

/** Extensions by type, in the order in which they are sent. */
export type Extensions = Map<number, Uint8Array>;

/** Reads what is left of a hello as its extensions; none at all is as good as an empty list. RFC 5246 §7.4.1.4. */
export function decodeExtensions(reader: Reader): Extensions {
  const extensions: Extensions = new Map();
  if (reader.remaining === 0) return extensions;
  const list = new Reader(reader.vector16());
  reader.expectEnd('hello');
  while (list.remaining > 0) {
    const type = list.u16();
    const data = list.vector16();
    // RFC 5246 §7.4.1.4: no more than one of a type.
    if (extensions.has(type)) throw new DecodeError(`extension ${type} twice`, AlertDescription.illegal_parameter);
    extensions.set(type, data);
  }
  return extensions;
}

/** Writes the extensions of a hello; nothing when there are none. */
export function encodeExtensions(writer: Writer, extensions: Extensions): void {
  if (extensions.size === 0) return;
  writer.nested16((list) => {
    for (const [type, data] of extensions) list.u16(type).vector16(data);
  });
}

/** An extension without content. */
export const emptyExtension = new Uint8Array(0);

/** RFC 6066 §3: the name of a client's server_name, or undefined when it lists no host_name. */
export function decodeServerName(data: Uint8Array): string | undefined {
  const reader = new Reader(data);
  const list = new Reader(reader.vector16(1));
  reader.expectEnd('server_name');
  let host: string | undefined;
  while (list.remaining > 0) {
    const type = list.u8();
    const name = list.vector16(1);
    if (type !== 0) continue;
    if (host !== undefined || !name.every((byte) => byte > 0x20 && byte < 0x7f)) {
      throw new DecodeError('server_name: not one ASCII name', AlertDescription.illegal_parameter);
    }
    host = String.fromCharCode(...name);
  }
  return host;
}

/** RFC 6066 §3: a list of one host_name. The name is ASCII. */
export function encodeServerName(name: string): Uint8Array {
  return new Writer().nested16((list) => list.u8(0).vector16(new TextEncoder().encode(name))).finish();
}

/** RFC 6066 §4: 2^9 to 2^12 bytes as 1 to 4. */
export function decodeMaxFragmentLength(data: Uint8Array): number {
  const reader = new Reader(data);
  const code = reader.u8();
  reader.expectEnd('max_fragment_length');
  if (code < 1 || code > 4) {
    throw new DecodeError(`max_fragment_length ${code}`, AlertDescription.illegal_parameter);
  }
  return 2 ** (8 + code);
}

/** RFC 6066 §4. */
export function encodeMaxFragmentLength(length: number): Uint8Array {
  return Uint8Array.of(Math.log2(length) - 8);
}

/** RFC 8422 §5.1.1: the groups in the client's order of preference. */
export function decodeSupportedGroups(data: Uint8Array): number[] {
  const reader = new Reader(data);
  const list = new Reader(reader.vector16(2));
  reader.expectEnd('supported_groups');
  const groups: number[] = [];
  while (list.remaining > 0) groups.push(list.u16());
  return groups;
}

/** RFC 8422 §5.1.1. */
export function encodeSupportedGroups(groups: readonly number[]): Uint8Array {
  return new Writer()
    .nested16((list) => {
      for (const group of groups) list.u16(group);
    })
    .finish();
}

/** RFC 8422 §5.1.2: only uncompressed points. */
export const uncompressedPointFormats = Uint8Array.of(1, 0);

/** RFC 8422 §5.1.2: a list that lacks the uncompressed format is illegal. */
export function checkPointFormats(data: Uint8Array): void {
  const reader = new Reader(data);
  const formats = reader.vector8(1);
  reader.expectEnd('ec_point_formats');
  if (!formats.includes(0)) {
    throw new DecodeError('ec_point_formats without uncompressed', AlertDescription.illegal_parameter);
  }
}

/** RFC 5746 §3.4, §3.6: in an initial handshake, an empty renegotiated_connection. */
export const emptyRenegotiationInfo = Uint8Array.of(0);

/** RFC 5746 §3.4, §3.6: anything but empty in an initial handshake is an attack. */
export function checkRenegotiationInfo(data: Uint8Array): void {
  if (data.length !== 1 || data[0] !== 0) {
    throw new DecodeError('renegotiation_info is not empty', AlertDescription.handshake_failure);
  }
}

/** Extensions that carry nothing. RFC 7366 §2, RFC 7627 §5.1. */
export function checkEmpty(data: Uint8Array, name: string): void {
  if (data.length !== 0) throw new DecodeError(`${name} is not empty`);
}

/** RFC 9146 §3: the connection ID that the sender of the extension wants to receive; a view. */
export function decodeConnectionId(data: Uint8Array): Uint8Array {
  const reader = new Reader(data);
  const cid = reader.vector8();
  reader.expectEnd('connection_id');
  return cid;
}

/** RFC 9146 §3. */
export function encodeConnectionId(cid: Uint8Array): Uint8Array {
  return new Writer(1 + cid.length).vector8(cid).finish();
}
