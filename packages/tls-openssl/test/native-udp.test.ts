import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { NativeUdp, NativeUdpPort, OnDatagrams } from '../src/native-udp.js';
import { native } from './engine-pair.js';

const udp = native.udp as NativeUdp;
const { EBADF, EBUSY, EINVAL, EMSGSIZE } = constants.errno;
const nothing = (): void => undefined;

const opened: NativeUdpPort[] = [];
afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

function open(onDatagrams: OnDatagrams = nothing, onRoom = nothing): NativeUdpPort {
  const port = new udp.Port();
  opened.push(port);
  expect(port.open(4, false, false, onDatagrams, nothing, onRoom)).toBe(0);
  return port;
}

function bound(onDatagrams?: OnDatagrams, onRoom?: () => void): NativeUdpPort {
  const port = open(onDatagrams, onRoom);
  expect(port.bind('127.0.0.1', 0)).toBe(0);
  return port;
}

function portOf(port: NativeUdpPort): number {
  const local = port.local();
  return typeof local === 'number' ? expect.unreachable(`code ${local}`) : local.port;
}

describe("a socket of the addon's", () => {
  it('refuses what is no number, no text and no function with a TypeError', () => {
    const port = bound();
    const wrong: (() => unknown)[] = [
      () => new udp.Port().open('4' as never, false, false, nothing, nothing, nothing),
      () => new udp.Port().open(4, false, false, nothing, nothing, undefined as never),
      () => port.bind(4 as never, 0),
      () => port.connect('127.0.0.1', '9' as never),
      () => port.source('0' as never),
      () => port.setDestination(0, '127.0.0.1', '9' as never),
      () => port.send('4' as never),
      () => port.sendTo(4, '0' as never),
      () => udp.Port.prototype.close.call({} as never),
    ];
    for (const run of wrong) expect(run).toThrowError(TypeError);
  });

  it('knows its places, and how much there is to send', () => {
    const port = bound();
    expect(port.source(udp.destinations)).toBe(-EINVAL);
    expect(port.setDestination(udp.destinations, '127.0.0.1', 9)).toBe(-EINVAL);
    expect(port.setDestination(0, 'localhost', 9)).toBe(-EINVAL);
    expect(port.sendTo(1, udp.destinations)).toBe(-EINVAL);
    expect(port.sendTo(udp.out.length + 1, 0)).toBe(-EMSGSIZE);
    expect(port.send(udp.out.length + 1)).toBe(-EMSGSIZE);
    expect(port.bind('localhost', 0)).toBe(-EINVAL);
  });

  it('is opened once, and is nothing before and afterwards', () => {
    const port = new udp.Port();
    expect([port.bind('127.0.0.1', 0), port.send(1), port.awaitRoom(), port.handOver()]).toEqual(Array(4).fill(-EBADF));
    opened.push(port);
    expect(port.open(4, false, false, nothing, nothing, nothing)).toBe(0);
    expect(port.open(4, false, false, nothing, nothing, nothing)).toBe(-EBUSY);
    expect(port.bind('127.0.0.1', 0)).toBe(0);
    port.close();
    port.close();
    expect([port.local(), port.remote(), port.send(1), port.awaitRoom(), port.handOver()]).toEqual(
      Array(5).fill(-EBADF),
    );
  });

  it('says once, and each time that it is asked, that there is room', async () => {
    let told = 0;
    let tell = nothing;
    const port = bound(undefined, () => {
      told += 1;
      tell();
    });
    for (const count of [1, 2]) {
      const room = new Promise<void>((resolve) => {
        tell = resolve;
      });
      expect(port.awaitRoom()).toBe(0);
      await room;
      await new Promise((resolve) => setImmediate(resolve));
      expect(told).toBe(count);
    }
  });

  it('receives no more once another has its descriptor', async () => {
    let count = 0;
    const receiver = bound((_slab, datagrams) => {
      count += datagrams;
    });
    const sender = open();
    expect(sender.connect('127.0.0.1', portOf(receiver))).toBe(0);
    expect(sender.remote()).toEqual({ host: '127.0.0.1', port: portOf(receiver) });
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    expect(sender.send(10)).toBe(0);
    await turn();
    await turn();
    expect(count).toBe(1);
    const descriptor = receiver.handOver();
    expect(sender.send(10)).toBe(0);
    await turn();
    await turn();
    closeSync(descriptor);
    expect(count).toBe(1);
  });
});
