import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClientHello, encodeClientHello } from '../src/handshake/client-hello.js';
import { decodeClientKeyExchange, encodeClientKeyExchange } from '../src/handshake/client-key-exchange.js';
import {
  checkPointFormats,
  checkRenegotiationInfo,
  decodeExtensions,
  decodeMaxFragmentLength,
  decodeServerName,
  decodeSupportedGroups,
  encodeMaxFragmentLength,
  encodeServerName,
  encodeSupportedGroups,
} from '../src/handshake/extensions.js';
import { decodeFinished } from '../src/handshake/finished.js';
import { decodeHelloVerifyRequest, encodeHelloVerifyRequest } from '../src/handshake/hello-verify-request.js';
import { decodeFragment, encodeFragment } from '../src/handshake/message.js';
import { decodeNewSessionTicket, encodeNewSessionTicket } from '../src/handshake/new-session-ticket.js';
import { decodeServerHello, encodeServerHello } from '../src/handshake/server-hello.js';
import { decodeServerKeyExchange, encodeServerKeyExchange } from '../src/handshake/server-key-exchange.js';
import { decodeRecordHeader, encodeRecordHeader, plaintextRecord } from '../src/record/header.js';
import { DecodeError, Reader } from '../src/wire/reader.js';

const opaque = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const u16 = fc.integer({ min: 0, max: 0xffff });
const extensions = fc
  .uniqueArray(fc.tuple(u16, opaque(0, 40)), { selector: ([type]) => type, maxLength: 8 })
  .map((entries) => new Map(entries));

const clientHello = fc.record({
  version: u16,
  random: opaque(32, 32),
  sessionId: opaque(0, 32),
  cookie: opaque(0, 255),
  ciphersuites: fc.array(u16, { minLength: 1, maxLength: 60 }),
  compressionMethods: opaque(1, 255),
  extensions,
});

const serverHello = fc.record({
  version: u16,
  random: opaque(32, 32),
  sessionId: opaque(0, 32),
  ciphersuite: u16,
  compressionMethod: fc.integer({ min: 0, max: 255 }),
  extensions,
});

const ecdh = fc.record({ group: u16, publicKey: opaque(1, 255) });

describe('handshake messages', () => {
  it.each([
    ['ClientHello', clientHello, encodeClientHello, decodeClientHello],
    ['ServerHello', serverHello, encodeServerHello, decodeServerHello],
    [
      'HelloVerifyRequest',
      fc.record({ version: u16, cookie: opaque(0, 255) }),
      encodeHelloVerifyRequest,
      decodeHelloVerifyRequest,
    ],
    [
      'NewSessionTicket',
      fc.record({ lifetimeHint: fc.integer({ min: 0, max: 2 ** 32 - 1 }), ticket: opaque(0, 300) }),
      encodeNewSessionTicket,
      decodeNewSessionTicket,
    ],
    [
      'ServerKeyExchange of PSK',
      fc.record({ identityHint: opaque(0, 300), ecdh: fc.constant(undefined) }),
      encodeServerKeyExchange,
      (body: Uint8Array) => decodeServerKeyExchange(body, 'PSK'),
    ],
    [
      'ServerKeyExchange of ECDHE_PSK',
      fc.record({ identityHint: opaque(0, 300), ecdh }),
      encodeServerKeyExchange,
      (body: Uint8Array) => decodeServerKeyExchange(body, 'ECDHE_PSK'),
    ],
    [
      'ClientKeyExchange of PSK',
      fc.record({ identity: opaque(0, 300), publicKey: fc.constant(undefined) }),
      encodeClientKeyExchange,
      (body: Uint8Array) => decodeClientKeyExchange(body, 'PSK'),
    ],
    [
      'ClientKeyExchange of ECDHE_PSK',
      fc.record({ identity: opaque(0, 300), publicKey: opaque(1, 255) }),
      encodeClientKeyExchange,
      (body: Uint8Array) => decodeClientKeyExchange(body, 'ECDHE_PSK'),
    ],
  ] as [string, fc.Arbitrary<unknown>, (message: never) => Uint8Array, (body: Uint8Array) => unknown][])(
    '%s comes back as it was written, and a cut one is refused',
    (_name, arbitrary, encode, decode) => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), (message, cut) => {
          const body = encode(message as never);
          expect(decode(body)).toEqual(message);
          const shorter = body.subarray(0, cut % body.length);
          try {
            decode(shorter);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }),
      );
    },
  );

  it('fragment headers come back as they were written', () => {
    const u24 = fc.integer({ min: 0, max: 0xffffff });
    fc.assert(
      fc.property(u16, u24, u24, opaque(0, 50), (messageSeq, length, offset, data) => {
        const bytes = encodeFragment(1, length, messageSeq, offset, data);
        expect(decodeFragment(new Reader(bytes))).toEqual({ type: 1, length, messageSeq, offset, data });
      }),
    );
  });

  it.each([
    ['ClientHello', decodeClientHello],
    ['ServerHello', decodeServerHello],
    ['HelloVerifyRequest', decodeHelloVerifyRequest],
    ['ServerKeyExchange PSK', (body: Uint8Array) => decodeServerKeyExchange(body, 'PSK')],
    ['ServerKeyExchange ECDHE_PSK', (body: Uint8Array) => decodeServerKeyExchange(body, 'ECDHE_PSK')],
    ['ClientKeyExchange PSK', (body: Uint8Array) => decodeClientKeyExchange(body, 'PSK')],
    ['ClientKeyExchange ECDHE_PSK', (body: Uint8Array) => decodeClientKeyExchange(body, 'ECDHE_PSK')],
    ['NewSessionTicket', decodeNewSessionTicket],
    ['Finished', decodeFinished],
    ['fragment', (body: Uint8Array) => decodeFragment(new Reader(body))],
    ['extensions', (body: Uint8Array) => decodeExtensions(new Reader(body))],
    ['server_name', decodeServerName],
    ['max_fragment_length', decodeMaxFragmentLength],
    ['supported_groups', decodeSupportedGroups],
    ['ec_point_formats', checkPointFormats],
    ['renegotiation_info', checkRenegotiationInfo],
  ] as [string, (body: Uint8Array) => unknown][])(
    '%s throws nothing but DecodeError, whatever the bytes',
    (_name, decode) => {
      fc.assert(
        fc.property(opaque(0, 120), (bytes) => {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }),
        { numRuns: 1_000 },
      );
    },
  );
});

describe('extensions', () => {
  it('come back as they were written', () => {
    expect(decodeServerName(encodeServerName('device.example'))).toBe('device.example');
    expect(decodeSupportedGroups(encodeSupportedGroups([29, 23]))).toEqual([29, 23]);
    for (const length of [512, 1024, 2048, 4096]) {
      expect(decodeMaxFragmentLength(encodeMaxFragmentLength(length))).toBe(length);
    }
  });

  it('may not come twice', () => {
    const twice = Uint8Array.of(0, 8, 0, 23, 0, 0, 0, 23, 0, 0);
    expect(() => decodeExtensions(new Reader(twice))).toThrow(/extension 23 twice/);
  });

  it('refuses names that are not one ASCII host name', () => {
    expect(() => decodeServerName(Uint8Array.of(0, 4, 0, 0, 1, 0))).toThrow(DecodeError);
    expect(() => decodeServerName(Uint8Array.of(0, 8, 0, 0, 1, 97, 0, 0, 1, 98))).toThrow(DecodeError);
    expect(decodeServerName(Uint8Array.of(0, 4, 7, 0, 1, 97))).toBeUndefined();
  });
});

describe('record headers', () => {
  it('come back as they were written, up to the largest epoch and sequence number', () => {
    fc.assert(
      fc.property(u16, fc.oneof(fc.maxSafeNat(), fc.constant(2 ** 48 - 1)), opaque(0, 40), (epoch, any, fragment) => {
        const sequenceNumber = any % 2 ** 48;
        const record = plaintextRecord(22, 0, fragment);
        encodeRecordHeader(record, 22, epoch, sequenceNumber, fragment.length);
        expect(decodeRecordHeader(record, 0)).toEqual({
          type: 22,
          version: 0xfefd,
          epoch,
          sequenceNumber,
          start: 0,
          body: 13,
          end: record.length,
        });
      }),
    );
  });

  it('are refused when their length goes beyond the datagram or the limit of RFC 5246 §6.2.3', () => {
    const record = plaintextRecord(23, 0, new Uint8Array(10));
    expect(decodeRecordHeader(record.subarray(0, 22), 0)).toBeUndefined();
    expect(decodeRecordHeader(record.subarray(0, 12), 0)).toBeUndefined();
    const long = plaintextRecord(23, 0, new Uint8Array(2 ** 14 + 2049));
    expect(decodeRecordHeader(long, 0)).toBeUndefined();
  });
});
