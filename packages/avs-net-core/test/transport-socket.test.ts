import { describe, expect, it } from 'vitest';
import {
  type Arrive,
  createTransportSocket,
  type DatagramTransport,
  type Endpoint,
  type Socket,
} from '../src/index.js';
import { VirtualClock } from '../src/testing/index.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

/** A transport that notes what it is told. */
class Notebook implements DatagramTransport {
  maxDatagramSize = 140;
  readonly sent: { data: Uint8Array; to: Endpoint }[] = [];
  readonly calls: string[] = [];
  arrive: Arrive = () => undefined;
  opening: Promise<unknown> | undefined;
  failure: unknown;

  async open(local: Endpoint | undefined, arrive: Arrive): Promise<Endpoint> {
    this.calls.push(local === undefined ? 'open' : `open ${local.host} ${local.port}`);
    this.arrive = arrive;
    await this.opening;
    return local ?? { host: 'mine', port: 9 };
  }

  send(data: Uint8Array, to: Endpoint): void {
    if (this.failure !== undefined) throw this.failure;
    this.sent.push({ data, to });
  }

  close(): void {
    this.calls.push('close');
  }
}

const far: Endpoint = { host: 'far', port: 7 };

async function connected(transport = new Notebook()): Promise<{ transport: Notebook; socket: Socket }> {
  const socket = createTransportSocket(transport, { clock: new VirtualClock() });
  await socket.connect(far.host, far.port);
  return { transport, socket };
}

describe('a socket over a transport of the caller', () => {
  it('connects, sends and hears its peer only', async () => {
    const { transport, socket } = await connected();
    expect(socket).toMatchObject({ type: 'udp', state: 'connected', remoteHost: 'far', remotePort: 7 });
    expect(socket).toMatchObject({ localHost: 'mine', localPort: 9, remoteHostname: 'far', system: undefined });
    const data = Uint8Array.of(1, 2);
    await socket.send(data);
    data.fill(0);
    expect(transport.sent).toEqual([{ data: Uint8Array.of(1, 2), to: far }]);
    transport.arrive(Uint8Array.of(9), { host: 'stranger', port: 7 });
    transport.arrive(Uint8Array.of(9), { host: 'far', port: 8 });
    transport.arrive(Uint8Array.of(5), far);
    expect(await socket.receiveFrom()).toEqual({ data: Uint8Array.of(5), ...far });
    expect(socket.tryReceive()).toBeUndefined();
    expect([socket.getOption('bytesSent'), socket.getOption('bytesReceived')]).toEqual([2, 1]);
  });

  it('binds, hears everyone and sends to anyone, and keeps its address when it connects', async () => {
    const transport = new Notebook();
    const socket = createTransportSocket(transport);
    await socket.bind('here', 0);
    expect([socket.state, socket.localHost]).toEqual(['bound', 'here']);
    transport.arrive(Uint8Array.of(1), { host: 'anyone', port: 1 });
    expect(await socket.receiveFrom()).toEqual({ data: Uint8Array.of(1), host: 'anyone', port: 1 });
    await socket.sendTo(Uint8Array.of(2), 'someone', 3);
    expect(transport.sent[0]?.to).toEqual({ host: 'someone', port: 3 });
    await socket.connect('far', 7);
    expect([socket.localHost, transport.calls]).toEqual(['here', ['open here 0']]);
  });

  it('takes what the transport carries and no more, also when that changes', async () => {
    const { transport, socket } = await connected();
    expect([socket.getOption('mtu'), socket.getOption('innerMtu')]).toEqual([140, 140]);
    await socket.send(new Uint8Array(140));
    await expect(socket.send(new Uint8Array(141))).rejects.toEqual(errno('EMSGSIZE'));
    transport.maxDatagramSize = 50;
    expect(socket.getOption('innerMtu')).toBe(50);
    await expect(socket.send(new Uint8Array(51))).rejects.toEqual(errno('EMSGSIZE'));
    await socket.close();
    expect(() => socket.getOption('innerMtu')).toThrow(/EBADF/);
  });

  it('has no address families', async () => {
    const { socket } = await connected();
    for (const key of ['addressFamily', 'preferredAddressFamily', 'forcedAddressFamily'] as const) {
      expect(() => socket.getOption(key), key).toThrow(/ENOTSUP.*family/);
    }
    expect(() => socket.setOption('forcedAddressFamily', 4)).toThrow(/ENOTSUP.*family/);
  });

  it('gives what the transport fails with the shape of ours', async () => {
    const { transport, socket } = await connected();
    transport.failure = Object.assign(new Error('no signal'), { code: 'ENETUNREACH' });
    await expect(socket.send(Uint8Array.of(1))).rejects.toEqual(errno('ENETUNREACH'));
    transport.failure = 'what?';
    await expect(socket.send(Uint8Array.of(1))).rejects.toEqual(errno('UNKNOWN_ERROR'));
    const dead = new Notebook();
    dead.opening = Promise.reject(new Error('no modem'));
    await expect(createTransportSocket(dead).connect('far', 7)).rejects.toThrow('no modem');
    expect(dead.calls).toEqual(['open', 'close']);
  });

  it('lets go of a transport that is still opening, and does not hear it any more', async () => {
    const transport = new Notebook();
    transport.opening = new Promise(() => undefined);
    const socket = createTransportSocket(transport);
    const controller = new AbortController();
    const connecting = socket.connect('far', 7, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    expect([socket.state, transport.calls]).toEqual(['closed', ['open', 'close']]);
    const late = transport.arrive;
    transport.opening = undefined;
    await socket.connect('far', 7);
    late(Uint8Array.of(1), far);
    expect(socket.tryReceive()).toBeUndefined();
    await socket.cleanup();
    expect(transport.calls).toEqual(['open', 'close', 'open', 'close']);
  });

  it('says what is missing in a transport', () => {
    const whole = { maxDatagramSize: 9, open: () => far, send: () => undefined, close: () => undefined };
    expect(createTransportSocket(whole).state).toBe('closed');
    for (const [field, value] of [
      ['open', undefined],
      ['send', 5],
      ['close', undefined],
      ['maxDatagramSize', '9'],
    ] as const) {
      expect(() => createTransportSocket({ ...whole, [field]: value } as never)).toThrow(TypeError);
    }
    expect(() => createTransportSocket({ ...whole, maxDatagramSize: 0 })).toThrow(/EINVAL.*maxDatagramSize/);
    expect(() => createTransportSocket(undefined as never)).toThrow(TypeError);
  });
});
