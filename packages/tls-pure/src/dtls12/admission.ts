import type { Admission } from '@avs-net/core';
import { decodeClientHelloPrefix } from '../handshake/client-hello.js';
import type { CookieJar } from '../handshake/cookie.js';
import { encodeHelloVerifyRequest } from '../handshake/hello-verify-request.js';
import { decodeFragment, encodeMessage, HandshakeType } from '../handshake/message.js';
import { maxMessageLength } from '../handshake/reassembly.js';
import {
  ContentType,
  decodeRecordHeader,
  maxSequenceNumber,
  ProtocolVersion,
  plaintextRecord,
} from '../record/header.js';
import { Reader } from '../wire/reader.js';
import type { ServerContext } from './context.js';
import { createServerEngine } from './server.js';

/** The message_seq of a ClientHello counts the cookie rounds before it. */
const maxMessageSeq = 32;

/**
 * Looks at a datagram from a peer without an association: a ClientHello without a good cookie is answered with a
 * HelloVerifyRequest and forgotten; one with a good cookie may begin an association. RFC 6347 §4.2.1.
 *
 * A hello that is too long for one datagram can be judged by its first fragment, which holds everything up to the cookie.
 */
export function admit(
  context: ServerContext,
  cookies: CookieJar,
  datagram: Uint8Array,
  peer: Uint8Array,
  now: number,
): Admission {
  const record = decodeRecordHeader(datagram, 0);
  if (!record) return { action: 'drop', reason: 'malformed' };
  if (record.version >>> 8 !== ProtocolVersion.dtls12 >>> 8) return { action: 'drop', reason: 'version' };
  if (record.epoch !== 0) return { action: 'drop', reason: 'epoch' };
  if (record.type !== ContentType.handshake) return { action: 'drop', reason: 'unexpected' };
  try {
    const { type, length, messageSeq, offset, data } = decodeFragment(new Reader(datagram, record.body, record.end));
    if (type !== HandshakeType.client_hello || offset !== 0) return { action: 'drop', reason: 'unexpected' };
    if (length > maxMessageLength || data.length > length) return { action: 'drop', reason: 'malformed' };
    // Ours continue from these numbers and must not wrap (RFC 6347 §4.1); no honest client comes near.
    if (messageSeq > maxMessageSeq || record.sequenceNumber > maxSequenceNumber / 2) {
      return { action: 'drop', reason: 'unexpected' };
    }
    const hello = decodeClientHelloPrefix(new Reader(data));
    if (cookies.verify(peer, hello, now)) {
      const start = { messageSeq, recordSequence: record.sequenceNumber };
      return {
        action: 'accept',
        handshakeId: identify(hello.random),
        create: (sink, options) => createServerEngine(context, sink, options, start),
      };
    }
    const body = encodeHelloVerifyRequest({
      // RFC 6347 §4.2.1: DTLS 1.0 whatever version will be chosen, for peers that know no other.
      version: ProtocolVersion.dtls10,
      cookie: cookies.issue(peer, hello, now),
    });
    const answer = plaintextRecord(
      ContentType.handshake,
      record.sequenceNumber,
      encodeMessage(HandshakeType.hello_verify_request, messageSeq, body).bytes,
      record.version,
    );
    if (answer.length > datagram.length) return { action: 'drop', reason: 'malformed' };
    return { action: 'reply', datagram: answer };
  } catch {
    return { action: 'drop', reason: 'malformed' };
  }
}

/** Part of a ClientHello's random, as a number: enough to tell one handshake of a peer from another. */
function identify(random: Uint8Array): number {
  return new DataView(random.buffer, random.byteOffset).getUint32(28);
}
