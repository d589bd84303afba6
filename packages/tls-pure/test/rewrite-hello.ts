import { decodeClientHello, encodeClientHello } from '../src/handshake/client-hello.js';
import { decodeFragment, encodeMessage } from '../src/handshake/message.js';
import { decodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { Reader } from '../src/wire/reader.js';

type Hello = ReturnType<typeof decodeClientHello>;

/** A tap that rewrites each ClientHello. */
export function rewriteHello(
  rewrite: (hello: Hello) => Hello,
): (from: string, datagram: Uint8Array) => Uint8Array[] | undefined {
  return (from, datagram) => {
    const header = decodeRecordHeader(datagram, 0);
    if (from !== 'client' || header?.type !== 22 || header.epoch !== 0) return undefined;
    const fragment = decodeFragment(new Reader(datagram, header.body, header.end));
    if (fragment.type !== 1) return undefined;
    // The cookie covers the session ID, so it must be changed before the first answer as well.
    const body = encodeClientHello(rewrite(decodeClientHello(fragment.data.slice())));
    return [plaintextRecord(22, header.sequenceNumber, encodeMessage(1, fragment.messageSeq, body).bytes)];
  };
}
