import { describe, expect, it } from 'vitest';
import { copyListenerConfiguration, copyTlsConfiguration, systemClock } from '../src/index.js';
import { isAddressLiteral, serverNameForHost } from '../src/server-name.js';
import { VirtualClock } from '../src/testing/index.js';
import { clientConfiguration, listenerConfiguration } from './shell-world.js';

const copy = (more: object) => copyTlsConfiguration(clientConfiguration(more));

describe('the configuration of a secure socket', () => {
  it('has its defaults', () => {
    expect(copy({})).toMatchObject({
      version: undefined,
      handshakeTimeouts: { min: 1_000, max: 60_000 },
      ciphersuites: [],
      connectionIds: undefined,
      clock: systemClock,
    });
  });

  it('is a copy: changes afterwards have no effect', () => {
    const ciphersuites = [0xc0a8, 0xc0a4, 0xc0a8];
    const handshakeTimeouts = { min: 10, max: 20 };
    const socket = { forcedMtu: 1_200, dscp: 3 };
    const settings = copy({ ciphersuites, handshakeTimeouts, socket });
    ciphersuites[0] = 1;
    handshakeTimeouts.min = 1;
    socket.dscp = 4;
    expect(settings.ciphersuites).toEqual([0xc0a8, 0xc0a4]);
    expect(settings.handshakeTimeouts).toEqual({ min: 10, max: 20 });
    expect(settings.socket).toMatchObject({ forcedMtu: 1_200, dscp: 3 });
  });

  it('leaves the session buffer and the preferred endpoint the caller’s own', () => {
    const sessionResumptionBuffer = Buffer.alloc(8, 1);
    const preferredEndpoint = { host: '10.0.0.1' };
    const settings = copy({ sessionResumptionBuffer, socket: { preferredEndpoint } });
    settings.sessionResumptionBuffer?.fill(2);
    expect([...sessionResumptionBuffer]).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    // What is a slice of a Buffer would be the caller's memory again.
    settings.sessionResumptionBuffer?.slice().fill(3);
    expect(sessionResumptionBuffer[0]).toBe(2);
    expect(settings.socket.preferredEndpoint).toBe(preferredEndpoint);
  });

  it('gives its clock to the socket below, unless that has its own, and takes that one otherwise', () => {
    const [ours, theirs] = [new VirtualClock(), new VirtualClock()];
    expect(copy({ clock: ours }).socket.clock).toBe(ours);
    expect(copy({ clock: ours, socket: { clock: theirs } }).socket.clock).toBe(theirs);
    expect(copy({ socket: { clock: theirs } }).clock).toBe(theirs);
  });

  it.each([
    ['version', '1.4'],
    ['version', ''],
    ['handshakeTimeouts.min', { handshakeTimeouts: { min: -1, max: 5 } }],
    ['handshakeTimeouts.min', { handshakeTimeouts: { min: Number.NaN, max: 5 } }],
    ['handshakeTimeouts.max', { handshakeTimeouts: { min: 6, max: 5 } }],
    ['handshakeTimeouts.max', { handshakeTimeouts: { min: 6, max: Infinity } }],
    ['ciphersuites[1]', { ciphersuites: [1, 65_536] }],
    ['ciphersuites[0]', { ciphersuites: [0.5] }],
    ['ciphersuites[0]', { ciphersuites: [-1] }],
    ['serverNameIndication', ''],
    ['serverNameIndication', '.'],
    ['serverNameIndication', 'a\0b'],
    ['serverNameIndication', 'bücher.example'],
    ['serverNameIndication', 'a b'],
    ['serverNameIndication', 'a'.repeat(254)],
    ['maxFragmentLength', 1_000],
    ['socket.dscp', { socket: { dscp: 64 } }],
    ['socket.priority', { socket: { priority: 8 } }],
    ['socket.forcedMtu', { socket: { forcedMtu: 0 } }],
    ['socket.forcedMtu', { socket: { forcedMtu: 1.5 } }],
    ['socket.addressFamily', { socket: { addressFamily: 5 } }],
    ['socket.preferredFamily', { socket: { preferredFamily: 1 } }],
    ['socket.interfaceName', { socket: { interfaceName: '' } }],
    ['security.mode', { security: { mode: 'none' } }],
  ])('refuses a wrong %s with EINVAL that names it: %j', (name, value) => {
    const configuration = typeof value === 'object' ? value : { [name]: value };
    expect(() => copy(configuration)).toThrow(expect.objectContaining({ errno: 'EINVAL' }));
    expect(() => copy(configuration)).toThrow(name);
  });

  it.each([
    ['version', 1.2],
    ['handshakeTimeouts', 5],
    ['handshakeTimeouts', null],
    ['handshakeTimeouts.min', { handshakeTimeouts: { min: '1', max: 5 } }],
    ['ciphersuites', 'PSK'],
    ['ciphersuites[0]', { ciphersuites: ['0xc0a8'] }],
    ['serverNameIndication', 5],
    ['sessionResumptionBuffer', { sessionResumptionBuffer: [1, 2] }],
    ['maxFragmentLength', '512'],
    ['useConnectionId', 1],
    ['onKeyLog', 'file'],
    ['random', 4],
    ['additionalConfiguration', {}],
    ['additionalConfiguration', { additionalConfiguration: {} }],
    ['clock', { clock: { now: Date.now } }],
    ['clock.unref', { clock: { ...systemClock, unref: 7 } }],
    ['socket', { socket: 'udp' }],
    ['socket.reuseAddress', { socket: { reuseAddress: 'yes' } }],
    ['socket.transparent', { socket: { transparent: 1 } }],
    ['socket.preferredEndpoint', { socket: { preferredEndpoint: 'a:1' } }],
    ['security', { security: undefined }],
    ['security.mode', { security: {} }],
  ])('refuses a %s of the wrong type with a TypeError that names it', (name, value) => {
    const isWhole = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    const configuration = isWhole ? value : { [name]: value };
    expect(() => copy(configuration)).toThrow(TypeError);
    expect(() => copy(configuration)).toThrow(name);
  });

  it('refuses what is no configuration at all', () => {
    expect(() => copyTlsConfiguration(undefined as never)).toThrow(TypeError);
    expect(() => copyTlsConfiguration('psk' as never)).toThrow(TypeError);
  });

  it('drops the final dot of a server name', () => {
    expect(copy({ serverNameIndication: 'a.example.' }).serverNameIndication).toBe('a.example');
  });
});

describe('the configuration of a listener', () => {
  const limitsOf = (limits: object) => copyListenerConfiguration(listenerConfiguration({ limits })).limits;

  it('has its limits’ defaults', () => {
    expect(copyListenerConfiguration(listenerConfiguration()).limits).toEqual({
      halfOpen: 1_000,
      total: 100_000,
      perSource: 100_000,
      handshakeTime: 120_000,
      idleTime: 86_400_000,
      backlog: 1_000,
    });
    expect(limitsOf({ total: 5 }).perSource).toBe(5);
  });

  it.each(['halfOpen', 'total', 'perSource', 'backlog', 'handshakeTime', 'idleTime'])('checks the limit %s', (name) => {
    for (const value of [0, -1, Number.NaN]) {
      expect(() => limitsOf({ [name]: value })).toThrow(expect.objectContaining({ errno: 'EINVAL' }));
      expect(() => limitsOf({ [name]: value })).toThrow(`limits.${name}`);
    }
    expect(() => limitsOf({ [name]: '5' })).toThrow(TypeError);
    expect(limitsOf({ [name]: Infinity })).toMatchObject({ [name]: Infinity });
  });
});

describe('the server name for a host', () => {
  it.each(['10.0.0.1', '127.1', '0x7f000001', '2130706433', '::1', 'fe80::1%eth0', '::ffff:10.0.0.1', '10.0.0.1.'])(
    'is none for the address %s',
    (host) => {
      expect(serverNameForHost(host)).toBeUndefined();
    },
  );

  it('is the host, without its final dot, and in ASCII', () => {
    expect(serverNameForHost('a.example')).toBe('a.example');
    expect(serverNameForHost('a.example.')).toBe('a.example');
    expect(serverNameForHost('localhost')).toBe('localhost');
    expect(serverNameForHost('bücher.example')).toBe('xn--bcher-kva.example');
    expect(serverNameForHost('10.0.0.1.example')).toBe('10.0.0.1.example');
  });

  it('is none for what cannot be a name', () => {
    expect(serverNameForHost('a b')).toBeUndefined();
    expect(serverNameForHost('x'.repeat(300))).toBeUndefined();
    expect(isAddressLiteral('a1.b2')).toBe(false);
  });
});
