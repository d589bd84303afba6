import type { Admission } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { decodeHelloVerifyRequest } from '../src/handshake/hello-verify-request.js';
import { decodeFragment, messageHeaderLength } from '../src/handshake/message.js';
import { decodeRecordHeader, recordHeaderLength } from '../src/record/header.js';
import { Reader } from '../src/wire/reader.js';
import { EnginePair } from './engine-pair.js';

const peer = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);

/** The hello that a client sends first, and the one with the cookie that the server asks for. */
function hellos(options: ConstructorParameters<typeof EnginePair>[0] = {}, now = 0) {
  const pair = new EnginePair(options);
  pair.start();
  const first = pair.client.sent.slice();
  const reply = pair.serverFactory.admit(first[0], peer, now);
  if (reply.action !== 'reply') throw new Error(`${reply.action} instead of a reply`);
  pair.client.sent.length = 0;
  pair.client.engine?.receive(reply.datagram.slice(), 0);
  return { pair, first, reply: reply.datagram, second: pair.client.sent.slice() };
}

const action = (admission: Admission): string => admission.action;

describe('a server that meets a stranger', () => {
  it('answers a ClientHello with a cookie, in no more bytes than it received', () => {
    const { first, reply } = hellos();
    expect(reply.length).toBeLessThanOrEqual(first[0].length);
    const fragment = decodeFragment(new Reader(reply, recordHeaderLength));
    expect(fragment.type).toBe(3);
    expect(decodeHelloVerifyRequest(fragment.data).cookie).toHaveLength(16);
  });

  it('takes record number and message_seq of its answer from the ClientHello', () => {
    const { pair, first } = hellos();
    const numbered = first[0].slice();
    numbered.set([0, 0, 0, 0, 0, 77], 5);
    numbered.set([0, 3], recordHeaderLength + 4);
    const reply = pair.serverFactory.admit(numbered, peer, 0);
    if (reply.action !== 'reply') throw new Error('no reply');
    expect(decodeRecordHeader(reply.datagram, 0)?.sequenceNumber).toBe(77);
    expect(decodeFragment(new Reader(reply.datagram, recordHeaderLength)).messageSeq).toBe(3);
  });

  it('accepts the hello with its cookie, and only from the same address', () => {
    const { pair, second } = hellos();
    expect(action(pair.serverFactory.admit(second[0], peer, 10))).toBe('accept');
    expect(action(pair.serverFactory.admit(second[0], Uint8Array.of(10, 0, 0, 2, 0x16, 0x33), 10))).toBe('reply');
    expect(action(pair.serverFactory.admit(second[0], Uint8Array.of(10, 0, 0, 1, 0x16, 0x34), 10))).toBe('reply');
  });

  it.each([
    ['version', 0],
    ['random', 5],
    ['cookie', 40],
  ])('does not accept a cookie when the %s has changed', (_field, at) => {
    const { pair, second } = hellos();
    const changed = second[0].slice();
    changed[recordHeaderLength + messageHeaderLength + at] ^= 1;
    expect(action(pair.serverFactory.admit(changed, peer, 10))).toBe('reply');
  });

  it('keeps cookies good for one to two minutes', () => {
    const { pair, second } = hellos();
    expect(action(pair.serverFactory.admit(second[0], peer, 59_999))).toBe('accept');
    expect(action(pair.serverFactory.admit(second[0], peer, 119_999))).toBe('accept');
    expect(action(pair.serverFactory.admit(second[0], peer, 121_000))).toBe('reply');
  });

  it('does not accept the cookies of another server', () => {
    const { second } = hellos();
    expect(action(new EnginePair().serverFactory.admit(second[0], peer, 10))).toBe('reply');
  });

  it('knows the copies of one hello from another hello', () => {
    const one = hellos();
    const other = hellos();
    const id = ({ pair, second }: typeof one) => {
      const admission = pair.serverFactory.admit(second[0], peer, 10);
      return admission.action === 'accept' ? admission.handshakeId : undefined;
    };
    expect(id(one)).toBe(id(one));
    expect(id(one)).not.toBe(id(other));
  });

  it('judges a hello that is cut to pieces by its first one', () => {
    const { pair, first, second } = hellos({ maxDatagramSize: 100 });
    expect(first.length).toBeGreaterThan(1);
    expect(second.every((datagram) => datagram.length <= 100)).toBe(true);
    expect(action(pair.serverFactory.admit(second[0], peer, 10))).toBe('accept');
    expect(pair.serverFactory.admit(second[1], peer, 10)).toEqual({ action: 'drop', reason: 'unexpected' });
  });

  it.each([
    ['nothing', new Uint8Array(0), 'malformed'],
    ['garbage', new Uint8Array(200).fill(0x41), 'malformed'],
    ['TLS', Uint8Array.of(22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1), 'version'],
    ['a record of another epoch', Uint8Array.of(23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1), 'epoch'],
    ['an alert', Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40), 'unexpected'],
    ['an empty handshake record', Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 'malformed'],
  ])('drops %s', (_what, datagram, reason) => {
    expect(new EnginePair().serverFactory.admit(datagram, peer, 0)).toEqual({ action: 'drop', reason });
  });

  it('does not answer a hello that is shorter than the answer would be', () => {
    const { pair, first } = hellos();
    const short = first[0].slice(0, recordHeaderLength + messageHeaderLength + 36);
    short.set([0, short.length - recordHeaderLength], 11);
    short.set([0, 0, 36], recordHeaderLength + 9);
    short[recordHeaderLength + messageHeaderLength + 34] = 0;
    short[recordHeaderLength + messageHeaderLength + 35] = 0;
    expect(short.length).toBe(61);
    const answer = pair.serverFactory.admit(short, peer, 0);
    if (answer.action === 'reply') expect(answer.datagram.length).toBeLessThanOrEqual(short.length);
    else expect(answer.action).toBe('drop');
  });
});
