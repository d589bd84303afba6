import type { DropReason } from '@avs-net/core';
import { ContentType, fragmentsOf, recordsOf } from './record.js';

const clientHello = 1;
const randomLength = 32;

/** What must be known of a stranger's ClientHello before OpenSSL judges its cookie. */
export interface ClientHelloStart {
  /** The record that holds it, a view. */
  readonly record: Uint8Array;
  readonly messageSeq: number;
  readonly version: number;
  /** A view. */
  readonly random: Uint8Array;
}

/** Reads the first record of a stranger's datagram as (the first fragment of) a ClientHello, or tells why it is none. */
export function readClientHello(datagram: Uint8Array): ClientHelloStart | DropReason {
  const { value: record } = recordsOf(datagram).next();
  if (!record) return 'malformed';
  if (record.version >>> 8 !== 0xfe) return 'version';
  if (record.epoch !== 0) return 'epoch';
  if (record.type !== ContentType.handshake) return 'unexpected';
  const { value: fragment } = fragmentsOf(record.fragment).next();
  if (!fragment) return 'malformed';
  if (fragment.type !== clientHello || fragment.offset !== 0) return 'unexpected';
  const { data, messageSeq } = fragment;
  const sessionIdLength = data[2 + randomLength];
  if (sessionIdLength === undefined || sessionIdLength > 32) return 'malformed';
  if (data.length < 2 + randomLength + 1 + sessionIdLength) return 'malformed';
  return {
    record: record.whole,
    messageSeq,
    version: ((data[0] ?? 0) << 8) | (data[1] ?? 0),
    random: data.subarray(2, 2 + randomLength),
  };
}
