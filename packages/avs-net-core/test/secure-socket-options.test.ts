import { describe, expect, it } from 'vitest';
import { FakeClientFactory } from './fake-engine.js';
import { bytes, ShellWorld } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

describe('options of a secure socket', () => {
  it('have their defaults before connect', async () => {
    const { socket } = await new ShellWorld().client();
    expect(socket.getOption('recvTimeout')).toBe(30_000);
    expect(socket.getOption('state')).toBe('closed');
    expect(socket.getOption('sessionResumed')).toBe(false);
    expect(socket.getOption('connectionIdResumed')).toBe(false);
    expect(socket.getOption('bytesSent')).toBe(0);
    expect(socket.getOption('bytesReceived')).toBe(0);
    expect(socket.getOption('hasBufferedData')).toBe(false);
    expect(socket.getOption('handshakeTimeouts')).toEqual({ min: 1_000, max: 60_000 });
    expect(socket.getOption('preferredAddressFamily')).toBe(0);
    expect(socket.getOption('forcedAddressFamily')).toBe(0);
    expect(socket.info).toBeUndefined();
    expect(socket.lastAlert).toBeUndefined();
  });

  it('tell about the connection', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client({ configuration: { socket: { forcedMtu: 600 } } });
    const accepted = await world.pair(server, client);
    expect(client.socket.getOption('state')).toBe('connected');
    expect(client.socket.getOption('addressFamily')).toBe(4);
    expect(client.socket.getOption('mtu')).toBe(600);
    expect(accepted.getOption('state')).toBe('accepted');
    expect(accepted.getOption('addressFamily')).toBe(4);
    expect(accepted.getOption('mtu')).toBe(1_500);
    await accepted.send(bytes('abc'));
    await world.clock.advance(1);
    expect(client.socket.getOption('hasBufferedData')).toBe(true);
    expect(client.socket.getOption('bytesReceived')).toBe(3);
    client.socket.tryReceive();
    expect(client.socket.getOption('hasBufferedData')).toBe(false);
  });

  it('count over reconnects', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    for (let round = 0; round < 2; round += 1) {
      await world.pair(server, client);
      await client.socket.send(bytes('1234'));
      await world.run(client.socket.close());
    }
    expect(client.socket.getOption('bytesSent')).toBe(8);
  });

  it('hand the handshake timers to the next handshake, as a copy', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client();
    const timeouts = { min: 5, max: 10 };
    client.socket.setOption('handshakeTimeouts', timeouts);
    timeouts.min = 7;
    expect(client.socket.getOption('handshakeTimeouts')).toEqual({ min: 5, max: 10 });
    await world.connect(client);
    expect(client.engines.engines[0]?.options.handshakeTimeouts).toEqual({ min: 5, max: 10 });
  });

  it('tell the engine how large a datagram may be', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const client = await world.client({ configuration: { socket: { forcedMtu: 300 } } });
    await world.connect(client);
    expect(client.engines.engines[0]?.options.maxDatagramSize).toBe(272);
  });

  it('pass address families to the socket below', async () => {
    const world = new ShellWorld();
    const { socket, udp } = await world.client();
    socket.setOption('forcedAddressFamily', 6);
    socket.setOption('preferredAddressFamily', 4);
    expect(udp?.getOption('forcedAddressFamily')).toBe(6);
    expect(udp?.getOption('preferredAddressFamily')).toBe(4);
    await expect(world.run(socket.connect(world.host, world.port))).rejects.toEqual(errno('EADDRNOTAVAIL'));
  });

  it('take an infinite receive timeout, and 0 for what is there', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    await world.pair(server, client);
    client.socket.setOption('recvTimeout', 0);
    await expect(client.socket.receive()).rejects.toEqual(errno('ETIMEDOUT'));
    client.socket.setOption('recvTimeout', Infinity);
    expect(client.socket.getOption('recvTimeout')).toBe(Infinity);
  });

  it('refuse wrong values and types, and keep the old value', async () => {
    const { socket } = await new ShellWorld().client();
    for (const value of [Number.NaN, -1]) {
      expect(() => socket.setOption('recvTimeout', value)).toThrow(/EINVAL: recvTimeout/);
    }
    expect(() => socket.setOption('recvTimeout', '5' as never)).toThrow(TypeError);
    for (const value of [
      { min: 2, max: 1 },
      { min: 0, max: 1 },
      { min: -1, max: 1 },
      { min: Number.NaN, max: 1 },
      { min: 1, max: Infinity },
    ]) {
      expect(() => socket.setOption('handshakeTimeouts', value)).toThrow(/EINVAL: handshakeTimeouts/);
    }
    expect(() => socket.setOption('handshakeTimeouts', 5 as never)).toThrow(TypeError);
    expect(() => socket.setOption('forcedAddressFamily', 5 as never)).toThrow(/EINVAL/);
    expect(socket.getOption('recvTimeout')).toBe(30_000);
    expect(socket.getOption('handshakeTimeouts')).toEqual({ min: 1_000, max: 60_000 });
  });

  it('are ENOTSUP when unknown, read-only or for DANE', async () => {
    const { socket } = await new ShellWorld().client();
    expect(() => socket.getOption('nonsense' as never)).toThrow(/ENOTSUP.*nonsense/);
    expect(() => socket.getOption('daneTlsaRecords' as never)).toThrow(/ENOTSUP/);
    expect(() => socket.setOption('nonsense' as never, 1 as never)).toThrow(/ENOTSUP.*nonsense/);
    expect(() => socket.setOption('mtu' as never, 1 as never)).toThrow(/ENOTSUP/);
    expect(() => socket.setOption('daneTlsaRecords', [])).toThrow(/ENOTSUP.*DANE/);
  });
});

describe('the session resumption buffer', () => {
  const state = Uint8Array.of(9, 8, 7, 0);

  it.each(['before', 'after'] as const)(
    'is written when the session comes %s the end of the handshake',
    async (when) => {
      const world = new ShellWorld();
      await world.boundServer();
      const buffer = new Uint8Array(64).fill(0xaa);
      const client = await world.client({
        configuration: { sessionResumptionBuffer: buffer },
        behaviour: { session: { state, when } },
      });
      await world.connect(client);
      expect(buffer.filter((byte) => byte !== 0)).toHaveLength(4);
      await world.run(client.socket.close());
      await world.connect(client);
      expect(client.engines.engines[1]?.client.session).toEqual(state);
      expect(client.socket.getOption('sessionResumed')).toBe(true);
    },
  );

  it('offers nothing for zeros, for what is truncated, and for what cannot be a session', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    for (const content of [[], [0, 0, 0, 0], [0, 0, 0, 9, 1], [255, 255, 255, 255, 1, 2], [0, 0, 0, 0, 1, 2]]) {
      const client = await world.client({ configuration: { sessionResumptionBuffer: Uint8Array.from(content) } });
      await world.connect(client);
      expect(client.engines.engines[0]?.client.session).toBeUndefined();
      await world.run(client.socket.cleanup());
    }
  });

  it('is all zero when the session does not fit, and when the handshake gave none', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    for (const behaviour of [{ session: { state, when: 'after' } } as const, {}]) {
      const buffer = new Uint8Array(7).fill(0xaa);
      const client = await world.client({ configuration: { sessionResumptionBuffer: buffer }, behaviour });
      await world.connect(client);
      expect(buffer).toEqual(new Uint8Array(7));
      await world.run(client.socket.cleanup());
    }
  });

  it('is all zero after a handshake that failed, and untouched when none began', async () => {
    const world = new ShellWorld();
    const buffer = new Uint8Array(16).fill(0xaa);
    const { socket } = await world.client({ configuration: { sessionResumptionBuffer: buffer } });
    await expect(world.run(socket.connect('nowhere.example', 1))).rejects.toEqual(errno('EADDRNOTAVAIL'));
    expect(buffer).toEqual(new Uint8Array(16).fill(0xaa));
    await expect(world.run(socket.connect(world.host, world.port))).rejects.toEqual(errno('ETIMEDOUT'));
    expect(buffer).toEqual(new Uint8Array(16));
  });

  it('is all zero after a fatal alert, and stays after a proper close', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const buffer = new Uint8Array(16);
    const client = await world.client({
      configuration: { sessionResumptionBuffer: buffer },
      behaviour: { session: { state, when: 'before' } },
    });
    const accepted = await world.pair(server, client);
    await world.run(accepted.close());
    await world.clock.advance(1);
    expect(buffer.some((byte) => byte !== 0)).toBe(true);
    await world.run(client.socket.close());
    await world.pair(server, client);
    const id = client.engines.nextId - 1;
    const alert = Uint8Array.from([21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, id >> 8, id & 0xff, 2, 20]);
    const to = { host: client.socket.localHost, port: client.socket.localPort };
    world.network.inject(alert, { host: world.host, port: world.port }, to);
    await world.clock.advance(1);
    expect(client.socket.lastAlert).toMatchObject({ description: 20 });
    expect(buffer).toEqual(new Uint8Array(16));
  });

  it('may be a view into a larger buffer, of which nothing else changes', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const whole = new Uint8Array(32).fill(0xaa);
    const client = await world.client({
      configuration: { sessionResumptionBuffer: whole.subarray(8, 24) },
      behaviour: { session: { state, when: 'before' } },
    });
    await world.connect(client);
    expect(whole.subarray(0, 8)).toEqual(new Uint8Array(8).fill(0xaa));
    expect(whole.subarray(24)).toEqual(new Uint8Array(8).fill(0xaa));
    expect(whole.subarray(16, 24)).toEqual(new Uint8Array(8));
  });
});

describe('a session without a buffer', () => {
  const state = Uint8Array.of(9, 8, 7, 0);

  it.each(['before', 'after'] as const)(
    'that comes %s the end of the handshake is sealed only when it is offered, and wiped by cleanup',
    async (when) => {
      const world = new ShellWorld();
      await world.boundServer();
      const sessions: string[] = [];
      const behaviour = { session: { state, when }, sessions } as const;
      const client = await world.client({ behaviour });
      await world.connect(client);
      await world.run(client.socket.close());
      expect(sessions).toEqual(['made']);
      await world.connect(client);
      expect(client.engines.engines[1]?.client.session).toEqual(state);
      expect(sessions.slice().sort()).toEqual(['destroyed', 'made', 'made', 'stored']);
      await world.run(client.socket.cleanup());
      expect(sessions.slice(4)).toEqual(['destroyed']);
    },
  );

  it('is wiped when there is a buffer, which has it sealed', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const sessions: string[] = [];
    const behaviour = { session: { state, when: 'before' }, sessions } as const;
    await world.connect(
      await world.client({ configuration: { sessionResumptionBuffer: new Uint8Array(64) }, behaviour }),
    );
    expect(sessions).toEqual(['made', 'stored', 'destroyed']);
  });

  it('of a server is wiped at once', async () => {
    const world = new ShellWorld();
    const sessions: string[] = [];
    await world.boundServer({ behaviour: { session: { state, when: 'before' }, sessions } });
    await world.connect(await world.client());
    expect(sessions).toEqual(['made', 'destroyed']);
  });
});

describe('creating a secure socket', () => {
  it('fails with what the socket below cannot do, and wipes the engines', async () => {
    const { createSecureSocket, copyTlsConfiguration, errnoError } = await import('../src/index.js');
    const { clientConfiguration } = await import('./shell-world.js');
    const engines = new FakeClientFactory();
    const creating = createSecureSocket({
      type: 'dtls',
      engines,
      configuration: copyTlsConfiguration(clientConfiguration()),
      createBackend: () => Promise.reject(errnoError('ENOTSUP', 'dscp')),
    });
    await expect(creating).rejects.toEqual(errno('ENOTSUP'));
    expect(engines.destroyed).toBe(1);
  });
});
