import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CoapEndpoint, type CoapEndpointOptions } from '../../src/coap/coap-endpoint.js';
import { CoapClosedError, type Peer, type Response } from '../../src/coap/messages.js';
import { listenUdp } from '../../src/udp-transport.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

async function open(options: Partial<CoapEndpointOptions> = {}) {
  const socket = await listenUdp('127.0.0.1', 0);
  const endpoint = new CoapEndpoint(socket, { handle: () => ({ code: '4.04' }), ...options });
  onTestFinished(() => {
    endpoint.close();
    socket.close();
  });
  return { endpoint, peer: { host: '127.0.0.1', port: socket.address().port } };
}

/** A socket that speaks bytes. */
class Raw {
  private constructor(readonly socket: Socket) {}

  static async open(): Promise<Raw> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => {
      socket.close();
    });
    await once(socket, 'listening');
    return new Raw(socket);
  }

  get peer(): Peer {
    return { host: '127.0.0.1', port: this.socket.address().port };
  }

  send({ host, port }: Peer, ...parts: Buffer[]): void {
    this.socket.send(Buffer.concat(parts), port, host);
  }

  async next(): Promise<Buffer> {
    return ((await once(this.socket, 'message')) as [Buffer])[0];
  }
}

const token = hex('a1b2c3');

describe('an observer of an earlier endpoint', () => {
  it('is notified with its token and numbers that go on, and can cancel', async () => {
    let number = 500;
    const numbers = { nextMessageId: () => 0x7000 + number, nextObserve: () => number++ };
    const device = await open({ numbers });
    const server = await Raw.open();
    const observation = { token: token.toString('hex'), path: ['3303', '0', '5700'], accept: 110, peer: server.peer };
    const observer = device.endpoint.resume(observation);
    const ended = new Promise<void>((resolve) => {
      observer.onEnd = resolve;
    });
    for (const observe of ['01f4', '01f5']) {
      const received = server.next();
      observer.notify({ code: '2.05', contentFormat: 0, payload: Buffer.from('21') });
      const message = await received;
      // Confirmable, 2.05, the token, Observe in two bytes, Content-Format 0, the payload.
      expect(message.subarray(0, 2)).toEqual(hex('43 45'));
      expect(message.subarray(4)).toEqual(Buffer.concat([token, hex(`62 ${observe} 60 ff`), Buffer.from('21')]));
      server.send(device.peer, hex('60 00'), message.subarray(2, 4));
    }
    const last = server.next();
    observer.notify({ code: '2.05', payload: Buffer.from('22') });
    server.send(device.peer, hex('70 00'), (await last).subarray(2, 4));
    await ended;
  });

  it('hears nothing of an end without a code before the first notification', async () => {
    const device = await open();
    const server = await Raw.open();
    device.endpoint.resume({ token: 'aa', path: ['3'], accept: undefined, peer: server.peer }).end();
    const pong = server.next();
    server.send(device.peer, hex('40 00 12 34'));
    expect(await pong).toEqual(hex('70 00 12 34'));
  });

  it('cannot be taken up by an endpoint that is closed', async () => {
    const device = await open();
    device.endpoint.close();
    const observation = { token: 'aa', path: ['3'], accept: undefined, peer: device.peer };
    expect(() => device.endpoint.resume(observation)).toThrow(CoapClosedError);
  });
});

describe('an observation that moves to another endpoint', () => {
  it('brings notifications, whole ones out of blocks too, and is cancelled there', async () => {
    const [before, after] = [await open(), await open()];
    const [first, second] = [await Raw.open(), await Raw.open()];
    const seen: Response[] = [];
    let wake = (): void => {};
    const request = first.next();
    const observing = before.endpoint.observe({ method: 'GET', path: ['t'], peer: first.peer }, (response) => {
      seen.push(response);
      wake();
    });
    const asked = await request;
    const known = asked.subarray(4, 4 + (asked.readUInt8(0) & 15));
    const head = (code: string): Buffer => Buffer.concat([Buffer.of(0x50 | known.length), hex(code)]);
    // An acknowledgement with the first answer: Observe 1.
    first.send(before.peer, Buffer.of(0x60 | known.length), hex('45'), asked.subarray(2, 4), known, hex('61 01 ff 30'));
    const { observation } = await observing;
    before.endpoint.close();
    observation?.moveTo(after.endpoint, second.peer);

    const notified = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const further = second.next();
    // Non-confirmable, Observe 2, Block2 number 0 of 16 bytes, with more to come.
    second.send(after.peer, head('45 0001'), known, hex('61 02 d1 04 08 ff'), Buffer.from('0123456789abcdef'));
    const block = await further;
    expect(block.includes(known)).toBe(true);
    // Block2 number 1, the last one. Its Observe option is for node-coap, which takes it for an old notification without.
    second.send(after.peer, head('45 0002'), known, hex('61 02 d1 04 10 ff'), Buffer.from('gh'));
    await notified;
    expect(seen.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['0123456789abcdefgh']);

    const cancelling = second.next();
    const cancelled = observation?.cancel();
    const cancel = await cancelling;
    expect(cancel.includes(known)).toBe(true);
    second.send(after.peer, Buffer.of(0x60 | known.length), hex('45'), cancel.subarray(2, 4), known, hex('ff 31'));
    expect(await cancelled).toMatchObject({ code: '2.05' });
    // It is over: a notification is answered with a reset.
    const reset = second.next();
    second.send(after.peer, Buffer.of(0x40 | known.length), hex('45 0003'), known, hex('61 03 ff 32'));
    expect((await reset).subarray(0, 2)).toEqual(hex('70 00'));
    expect(seen).toHaveLength(1);
  });
});
