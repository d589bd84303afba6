import { alertError, type Engine, type EngineSink, errnoError, libraryError } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../packages/tls-pure/dist/crypto/node.js';
import { Truth } from '../src/keys.js';
import type { Role } from '../src/model.js';
import { Oracle } from '../src/oracle.js';
import { concat, plainRecord } from '../src/wire.js';

// An oracle that never objects finds nothing. Each engine here does one thing that no engine may do.

const unused = {
  start: () => undefined,
  receive: () => undefined,
  send: () => undefined,
  handleTimeout: () => undefined,
  nextTimeout: undefined,
  close: () => undefined,
  exportKeyingMaterial: () => new Uint8Array(0),
  destroy: () => undefined,
  info: undefined,
  maxPlaintext: () => 0,
} satisfies Engine;

/** What the oracle says about an engine that does this when it receives something. */
function findingOf(misbehave: (sink: EngineSink) => unknown): string | undefined {
  const oracle = silentOracle();
  oracle.watch({ ...unused, receive: () => misbehave(oracle) }, 0);
  oracle.receive(new Uint8Array(1), 0);
  return oracle.finding?.message;
}

const closeNotify = Uint8Array.of(1, 0);
const sentFatal = { direction: 'sent', level: 2, description: 40 } as const;

describe('the oracle objects to an engine that', () => {
  it.each([
    ['throws', fail, /threw Error: as it likes/],
    ['hands out data before the handshake is complete', (sink) => sink.deliver(Uint8Array.of(1)), /"deliver" in state/],
    ['is established without a Finished', (sink) => sink.established(), /established without .*finished delivered/],
    [
      'sends a Finished in plaintext',
      (sink) => sink.transmit(handshake(20)),
      /sent a handshake message of type 20 without/,
    ],
    ['sends the ClientKeyExchange at once', (sink) => sink.transmit(handshake(16)), /type 16 without .*delivered":14/],
    ['sends what only a server sends', (sink) => sink.transmit(handshake(2)), /sent a handshake message of type 2/],
    [
      'sends data in plaintext',
      (sink) => sink.transmit(plainRecord(23, 0, 0, closeNotify)),
      /"transmit data" in state/,
    ],
    ['jumps over an epoch', (sink) => sink.transmit(plainRecord(21, 2, 0, closeNotify)), /a record of epoch 2/],
    [
      'begins an epoch too early',
      (sink) => sink.transmit(plainRecord(21, 1, 0, closeNotify)),
      /a record of epoch 1 without/,
    ],
    [
      'uses a record number again',
      (sink) => {
        sink.transmit(plainRecord(21, 0, 5, closeNotify));
        sink.transmit(plainRecord(21, 0, 5, closeNotify));
      },
      /record number 5 of epoch 0 again/,
    ],
    ['sends more than a datagram holds', (sink) => sink.transmit(new Uint8Array(1_401)), /a datagram of 1401 bytes/],
    ['sends what is no record', (sink) => sink.transmit(Uint8Array.of(1, 2, 3)), /not made of records/],
    [
      'reports an alert that nobody has sent',
      (sink) => sink.alert({ direction: 'received', level: 2, description: 40 }),
      /alert 40 that nobody has sent/,
    ],
    [
      'ends twice',
      (sink) => {
        sink.alert(sentFatal);
        sink.closed(alertError(sentFatal));
        sink.closed(alertError(sentFatal));
      },
      /"closed" in state closed/,
    ],
    ['ends a handshake without an error', (sink) => sink.closed(), /a handshake ended without an error/],
    [
      'ends with an alert that it did not report',
      (sink) => sink.closed(alertError(sentFatal)),
      /which was not reported/,
    ],
    ['gives up while time stands still', (sink) => sink.closed(errnoError('ETIMEDOUT', 'x')), /outside of the timer/],
    ['fails by itself', (sink) => sink.closed(libraryError(80, 'a bug')), /an error of its own ended it/],
    [
      'puts a connection ID into a record of epoch 0',
      (sink) => sink.transmit(plainRecord(25, 0, 0, closeNotify)),
      /a connection ID in epoch 0/,
    ],
    [
      'hands out a session before the handshake is complete',
      (sink) => sink.session({ store: () => Uint8Array.of(1), destroy: () => undefined }),
      /handed out a session without .*finished delivered/,
    ],
    [
      'does not come to an end',
      (sink) => {
        for (let i = 0; i < 10_000; i += 1) sink.dropped('malformed');
      },
      /events in one call/,
    ],
  ] satisfies [string, (sink: EngineSink) => unknown, RegExp][])('%s', (_what, misbehave, objection) => {
    expect(findingOf(misbehave)).toMatch(objection);
  });

  it('resumes what it is not to resume', () => {
    const oracle = silentOracle('server');
    oracle.watch(
      { ...unused, receive: () => oracle.transmit(concat(handshake(2), plainRecord(20, 0, 1, closeNotify))) },
      0,
    );
    oracle.evidence.cookie();
    oracle.receive(handshake(1), 0);
    expect(oracle.finding?.message).toMatch(/sent change_cipher_spec without .*, or "session"$/);
  });

  it('speaks after destroy', () => {
    const oracle = silentOracle();
    oracle.watch({ ...unused, receive: () => oracle.dropped('epoch') }, 0);
    oracle.destroy();
    oracle.receive(new Uint8Array(1), 0);
    expect(oracle.finding?.message).toMatch(/"dropped" in state destroyed/);
  });

  it.each([
    ['counts a record as newest that is none', (sink) => sink.newest(), /counts as newest that is none/],
    [
      'tells of a check that nobody has sent',
      (sink) => sink.routabilityCheck(0, new Uint8Array(8)),
      /a check that the/,
    ],
    [
      'puts a connection ID where none is',
      (sink) => sink.transmit(plainRecord(25, 1, 0, closeNotify)),
      /type 25, and a/,
    ],
  ] satisfies [string, (sink: EngineSink) => unknown, RegExp][])('%s', (_what, misbehave, objection) => {
    const oracle = silentOracle();
    oracle.watch({ ...unused, receive: () => misbehave(oracle) }, 0);
    oracle.state = 'established';
    oracle.receive(new Uint8Array(1), 0);
    expect(oracle.finding?.message).toMatch(objection);
  });

  it('goes on from a state, and says nothing', () => {
    const oracle = silentOracle();
    oracle.watch(unused, 0);
    oracle.state = 'established';
    oracle.resume(unused, 0, 0);
    expect(oracle.finding?.message).toMatch(/that was restored is not established/);
  });

  it('speaks when nobody has called it', () => {
    const oracle = silentOracle();
    oracle.watch(unused, 0);
    oracle.dropped('epoch');
    expect(oracle.finding?.message).toMatch(/outside of any call/);
  });
});

it('the oracle has no objection to an engine that drops what it cannot use', () => {
  expect(findingOf((sink) => sink.dropped('malformed'))).toBeUndefined();
});

/** An oracle of an engine, with nothing around it. */
function silentOracle(role: Role = 'client'): Oracle {
  return new Oracle({
    role,
    truth: new Truth(nodeProvider, []),
    maxDatagramSize: 1_400,
    cidLength: 0,
    mayResume: false,
    shortestWait: 1_000,
    transmit: () => undefined,
    wake: () => undefined,
    react: () => undefined,
    seen: () => undefined,
  });
}

function handshake(type: number): Uint8Array {
  return plainRecord(22, 0, 0, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

function fail(): never {
  throw new Error('as it likes');
}
