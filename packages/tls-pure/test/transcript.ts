import { decodeFragment, encodeFragment, type Fragment } from '../src/handshake/message.js';
import { decodeRecordHeader, type RecordHeader } from '../src/record/header.js';
import { Reader } from '../src/wire/reader.js';

/** A record with its bytes, header included. */
export interface SentRecord extends Omit<RecordHeader, 'start' | 'body' | 'end'> {
  readonly bytes: Uint8Array;
  readonly fragment: Uint8Array;
}

/** The records of datagrams, in order. */
export function recordsOf(datagrams: readonly Uint8Array[]): SentRecord[] {
  const records: SentRecord[] = [];
  for (const datagram of datagrams) {
    for (let at = 0; at < datagram.length; ) {
      const header = decodeRecordHeader(datagram, at);
      if (!header) throw new Error('not a record');
      const { type, version, epoch, sequenceNumber, start, body, end } = header;
      const bytes = datagram.subarray(start, end);
      records.push({ type, version, epoch, sequenceNumber, bytes, fragment: datagram.subarray(body, end) });
      at = end;
    }
  }
  return records;
}

/** The fragments of plaintext handshake messages in datagrams, with the number of the record of each. */
export function fragmentsOf(datagrams: readonly Uint8Array[]): (Fragment & { readonly record: number })[] {
  return recordsOf(datagrams)
    .filter(({ type, epoch }) => type === 22 && epoch === 0)
    .map(({ fragment, sequenceNumber }) => ({ ...decodeFragment(new Reader(fragment)), record: sequenceNumber }));
}

/** A handshake message put together by this file's own means, for tests that do not want to trust the engine's. */
export interface WholeMessage {
  readonly type: number;
  readonly messageSeq: number;
  readonly body: Uint8Array;
  /** As if it had been sent in one fragment: what the Finished covers. RFC 6347 §4.2.6. */
  readonly bytes: Uint8Array;
}

/** The plaintext handshake messages in datagrams, each once, in the order of their message_seq. */
export function messagesOf(datagrams: readonly Uint8Array[]): WholeMessage[] {
  const messages = new Map<number, WholeMessage>();
  for (const { type, length, messageSeq, offset, data } of fragmentsOf(datagrams)) {
    let message = messages.get(messageSeq);
    if (!message) {
      const bytes = encodeFragment(type, length, messageSeq, 0, new Uint8Array(length));
      message = { type, messageSeq, bytes, body: bytes.subarray(12) };
      messages.set(messageSeq, message);
    }
    message.body.set(data, offset);
  }
  return [...messages.values()].sort((a, b) => a.messageSeq - b.messageSeq);
}
