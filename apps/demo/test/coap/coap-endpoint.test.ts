import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { VirtualClock } from '@avs-net/core/testing';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CoapEndpoint, type CoapEndpointOptions } from '../../src/coap/coap-endpoint.js';
import type { Answer, IncomingRequest, Observer, Peer, Response } from '../../src/coap/messages.js';
import { listenUdp } from '../../src/udp-transport.js';
import { seed } from '../codecs/data.js';

interface Side {
  readonly endpoint: CoapEndpoint;
  readonly socket: Socket;
  readonly peer: Peer;
}

async function open(
  handle: (request: IncomingRequest) => Answer,
  options: Partial<CoapEndpointOptions> = {},
): Promise<Side> {
  const socket = await listenUdp('127.0.0.1', 0);
  const endpoint = new CoapEndpoint(socket, { handle, ...options });
  let open = true;
  socket.once('close', () => {
    open = false;
  });
  onTestFinished(() => {
    endpoint.close();
    if (open) socket.close();
  });
  return { endpoint, socket, peer: { host: '127.0.0.1', port: socket.address().port } };
}

/** A socket that speaks bytes. */
async function openRaw(): Promise<{
  socket: Socket;
  send(peer: Peer, bytes: Uint8Array): void;
  next(): Promise<Buffer>;
}> {
  const socket = await listenUdp('127.0.0.1', 0);
  onTestFinished(() => {
    socket.close();
  });
  return {
    socket,
    send: (peer, bytes) => socket.send(bytes, peer.port, peer.host),
    next: async () => ((await once(socket, 'message')) as [Buffer])[0],
  };
}

const nothing = (): Answer => ({ code: '4.04' });
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251);
const hello = new TextEncoder().encode('hello');

describe('a CoAP endpoint', () => {
  it('asks and answers on one socket at the same time', async () => {
    const a = await open(() => ({ code: '2.05', payload: Uint8Array.of(1), contentFormat: 42 }));
    const b = await open(() => ({ code: '2.05', payload: Uint8Array.of(2), contentFormat: 110 }));
    const [fromB, fromA] = await Promise.all([
      a.endpoint.request({ method: 'GET', path: ['x'], peer: b.peer }),
      b.endpoint.request({ method: 'GET', path: ['x'], peer: a.peer }),
    ]);
    expect(fromB).toMatchObject({ code: '2.05', payload: Uint8Array.of(2), contentFormat: 110 });
    expect(fromA).toMatchObject({ code: '2.05', payload: Uint8Array.of(1), contentFormat: 42 });
  });

  it('carries paths, queries, formats and locations as they are', async () => {
    let seen: IncomingRequest | undefined;
    const server = await open((request) => {
      seen = request;
      return { code: '2.01', location: ['rd', 'a/b', 'ü'] };
    });
    const client = await open(nothing);
    const { location } = await client.endpoint.request({
      method: 'POST',
      path: ['a/b', 'ü', 'c?d'],
      query: ['ep=x&y=z', 'lt=5', 'q'],
      contentFormat: 11_542,
      accept: 65_000,
      payload: hello,
      peer: server.peer,
    });
    expect(seen).toMatchObject({
      method: 'POST',
      path: ['a/b', 'ü', 'c?d'],
      query: ['ep=x&y=z', 'lt=5', 'q'],
      contentFormat: 11_542,
      accept: 65_000,
      observe: undefined,
      payload: hello,
    });
    expect(location).toEqual(['rd', 'a/b', 'ü']);
  });

  it('moves bodies of many blocks in both directions', async () => {
    const large = bytes(20_000);
    const server = await open(({ payload }) => ({ code: '2.05', payload: payload.toReversed() }));
    const client = await open(nothing);
    const response = await client.endpoint.request({ method: 'PUT', path: ['x'], payload: large, peer: server.peer });
    expect(response.code).toBe('2.05');
    expect(Buffer.compare(response.payload, large.toReversed())).toBe(0);
  });

  it('gives up on a response that never ends', async () => {
    const raw = await openRaw();
    raw.socket.on('message', (message, from) => {
      // Piggybacked 2.05, same message id and token, Block2 with the number asked for and "more", and 1,024 bytes.
      const block = numberOf(message);
      const value = (block << 4) | 0x0e;
      const option = Buffer.of(0xd3, 0x0a, value >> 16, (value >> 8) & 0xff, value & 0xff, 0xff);
      const head = Buffer.of(0x60 | (message.readUInt8(0) & 15), 0x45, message.readUInt8(2), message.readUInt8(3));
      raw.send(
        { host: from.address, port: from.port },
        Buffer.concat([head, message.subarray(4, 12), option, bytes(1_024)]),
      );
    });
    const client = await open(nothing);
    const request = client.endpoint.request({
      method: 'GET',
      path: [],
      peer: { host: '127.0.0.1', port: raw.socket.address().port },
    });
    await expect(request).rejects.toThrow(/longer than 65536 bytes/);
  });

  it('survives a response with a block option that makes no sense, and fails that request', async () => {
    const raw = await openRaw();
    raw.socket.once('message', (message, from) => {
      const head = Buffer.of(0x60 | (message.readUInt8(0) & 15), 0x44, message.readUInt8(2), message.readUInt8(3));
      const option = Buffer.of(0xd4, 0x0e, 1, 2, 3, 4);
      raw.send({ host: from.address, port: from.port }, Buffer.concat([head, message.subarray(4, 12), option]));
    });
    const client = await open(nothing);
    const request = client.endpoint.request({
      method: 'GET',
      path: [],
      peer: { host: '127.0.0.1', port: raw.socket.address().port },
    });
    await expect(request).rejects.toThrow(/block option/i);
  });

  it.each([
    ['a block beyond the limit', '4.13', 'd3 0e ff ff f6'],
    ['a block of a reserved size', '4.00', 'd1 0e 07'],
    ['a block option that is too long', '4.02', 'd4 0e 00 00 00 06'],
  ])('refuses %s with %s', async (_what, code, option) => {
    const server = await open(() => ({ code: '2.04' }));
    const raw = await openRaw();
    const answer = raw.next();
    raw.send(server.peer, Buffer.from(`42 03 12 34 aa bb ${option} ff 00`.replaceAll(' ', ''), 'hex'));
    const [codeClass = 0, detail = 0] = code.split('.').map(Number);
    const expected = Buffer.of(0x62, (codeClass << 5) | detail, 0x12, 0x34, 0xaa, 0xbb);
    expect((await answer).toString('hex')).toBe(expected.toString('hex'));
  });

  it('answers a ping with a reset, and asks nobody to handle it', async () => {
    const handled: IncomingRequest[] = [];
    const server = await open((request) => {
      handled.push(request);
      return { code: '2.04' };
    });
    const raw = await openRaw();
    const answer = raw.next();
    raw.send(server.peer, Buffer.of(0x40, 0, 0x12, 0x34));
    expect((await answer).toString('hex')).toBe('70001234');
    expect(handled).toEqual([]);
  });

  it('hands a request that came twice to the handler once, and answers both times', async () => {
    let count = 0;
    const server = await open(() => {
      count += 1;
      return { code: '2.04' };
    });
    const raw = await openRaw();
    const request = Buffer.of(0x41, 0x02, 0x12, 0x34, 0xaa);
    const answers: string[] = [];
    for (let copy = 0; copy < 2; copy++) {
      const answer = raw.next();
      raw.send(server.peer, request);
      answers.push((await answer).toString('hex'));
    }
    expect(answers).toEqual(['61441234aa', '61441234aa']);
    expect(count).toBe(1);
  });

  it('goes on serving whatever it is sent', async () => {
    const server = await open(() => ({ code: '2.05', payload: hello }));
    const client = await open(nothing);
    const raw = await openRaw();
    const header = fc.tuple(fc.constantFrom(0x40, 0x48, 0x50, 0x60, 0x70, 0x4d), fc.nat(255), fc.nat(255), fc.nat(255));
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(header, fc.uint8Array({ maxLength: 48 })).map(([head, rest]) => Uint8Array.of(...head, ...rest)),
    );
    const samples = fc.sample(datagram, { seed, numRuns: 1_000 });
    while (samples.length > 0) {
      // As many as the system's receive buffer has room for.
      for (const sample of samples.splice(0, 100)) raw.send(server.peer, sample);
      const response = await client.endpoint.request({ method: 'GET', path: [], peer: server.peer });
      expect(response).toMatchObject({ code: '2.05', payload: hello });
    }
  });

  it('rejects what is under way when it is closed, and what is asked afterwards', async () => {
    const silent = await openRaw();
    const client = await open(nothing);
    const peer = { host: '127.0.0.1', port: silent.socket.address().port };
    const request = client.endpoint.request({ method: 'GET', path: [], peer });
    client.endpoint.close();
    await expect(request).rejects.toThrow('the connection was closed');
    await expect(client.endpoint.request({ method: 'GET', path: [], peer })).rejects.toThrow(
      'the connection was closed',
    );
  });

  it('rejects a request whose time is over, and one that is aborted', async () => {
    const clock = new VirtualClock();
    const silent = await openRaw();
    const client = await open(nothing, { clock });
    const peer = { host: '127.0.0.1', port: silent.socket.address().port };
    const late = expect(client.endpoint.request({ method: 'GET', path: [], peer, timeout: 1_500 })).rejects.toThrow(
      'no answer within 1.5 s',
    );
    const controller = new AbortController();
    const aborted = client.endpoint.request({ method: 'GET', path: [], peer, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await clock.advance(1_500);
    await late;
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects a request when its socket is gone, and does not bring the process down', async () => {
    const client = await open(nothing);
    client.socket.close();
    const request = client.endpoint.request({ method: 'GET', path: [], peer: { host: '127.0.0.1', port: 9 } });
    await expect(request).rejects.toThrow(/not running/i);
  });
});

describe('an observation over CoAP', () => {
  const observable = async () => {
    const observers: Observer[] = [];
    const side = await open(({ observe }) => ({
      code: '2.05',
      contentFormat: 0,
      payload: hello,
      ...(observe === 0 && { observed: (observer) => observers.push(observer) }),
    }));
    return { ...side, observers };
  };

  it('brings notifications in order until it is cancelled', async () => {
    const server = await observable();
    const client = await open(nothing);
    const seen: Response[] = [];
    let third = (): void => {};
    const enough = new Promise<void>((resolve) => {
      third = resolve;
    });
    const { response, observation } = await client.endpoint.observe(
      { method: 'GET', path: ['t'], peer: server.peer },
      (one) => {
        seen.push(one);
        if (seen.length === 3) third();
      },
    );
    expect(response).toMatchObject({ code: '2.05', payload: hello });
    for (let value = 1; value <= 3; value++) {
      server.observers[0]?.notify({ code: '2.05', contentFormat: 0, payload: Uint8Array.of(value) });
    }
    await enough;
    expect(seen.map(({ payload }) => payload[0])).toEqual([1, 2, 3]);
    expect(await observation?.cancel()).toMatchObject({ code: '2.05' });
  });

  it('ends at the observed side when the observer no longer knows it', async () => {
    const server = await observable();
    const raw = await openRaw();
    const answer = raw.next();
    // GET with Observe 0 and token aa.
    raw.send(server.peer, Buffer.from('4101 1234 aa 60'.replaceAll(' ', ''), 'hex'));
    expect((await answer).readUInt8(1)).toBe(0x45);
    const [observer] = server.observers;
    if (observer === undefined) throw new Error('nobody observes');
    const ended = new Promise<void>((resolve) => {
      observer.onEnd = resolve;
    });
    const notification = raw.next();
    observer.notify({ code: '2.05', payload: Uint8Array.of(1) });
    const message = await notification;
    expect(message.readUInt8(0) >> 4).toBe(4); // Confirmable.
    raw.send(server.peer, Buffer.of(0x70, 0, message.readUInt8(2), message.readUInt8(3)));
    await ended;
    observer.notify({ code: '2.05', payload: Uint8Array.of(2) });
    const pong = raw.next();
    raw.send(server.peer, Buffer.of(0x40, 0, 0x55, 0x55));
    expect((await pong).toString('hex')).toBe('70005555');
  });

  it('does not begin when the peer answers without one', async () => {
    const server = await open(() => ({ code: '2.05', payload: hello }));
    const client = await open(nothing);
    const { response, observation } = await client.endpoint.observe(
      { method: 'GET', path: ['t'], peer: server.peer },
      () => expect.unreachable(),
    );
    expect(response.code).toBe('5.01');
    expect(observation).toBeUndefined();
  });

  it('ends when the endpoint is closed', async () => {
    const server = await observable();
    const client = await open(nothing);
    await client.endpoint.observe({ method: 'GET', path: ['t'], peer: server.peer }, () => expect.unreachable());
    const ended = new Promise<void>((resolve) => {
      const [observer] = server.observers;
      if (observer !== undefined) observer.onEnd = resolve;
    });
    server.endpoint.close();
    await ended;
  });
});

/** The block number of the Block2 option of a request for a further block: the option's value ends the message. */
function numberOf(message: Buffer): number {
  const tail = message.subarray(12);
  const at = tail.findIndex((byte) => byte >> 4 === 13);
  if (at < 0) return 0;
  const length = tail.readUInt8(at) & 15;
  return tail.subarray(at + 2, at + 2 + length).reduce((sum, byte) => sum * 256 + byte, 0) >> 4;
}
