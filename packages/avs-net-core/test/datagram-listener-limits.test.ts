import { describe, expect, it } from 'vitest';
import type { Socket } from '../src/index.js';
import { clientHello, handshakeRecord } from './fake-engine.js';
import { bytes, ShellWorld, text } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

/** A peer that has proven its address and then says no more. */
async function halfOpen(world: ShellWorld, id: number, address?: string): Promise<Socket> {
  const stranger = await world.stranger(address);
  await stranger.send(clientHello(id));
  const verify = await world.run(stranger.receive());
  await stranger.send(clientHello(id, verify[17]));
  await world.clock.advance(1);
  return stranger;
}

describe('limits of a listener', () => {
  it('bound the handshakes that are not complete', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer({ limits: { halfOpen: 2 } });
    for (let id = 1; id <= 5; id += 1) await halfOpen(world, id);
    expect(listener.stats).toMatchObject({ halfOpen: 2, refused: { halfOpen: 3, total: 0, perSource: 0, backlog: 0 } });
  });

  it('leave room for one who begins anew when the half-open places are taken by himself', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer({ limits: { halfOpen: 1 } });
    const stranger = await halfOpen(world, 1);
    await world.run(stranger.receive());
    await stranger.send(clientHello(2));
    const verify = await world.run(stranger.receive());
    await stranger.send(clientHello(2, verify[17]));
    await world.clock.advance(1);
    expect(engines.engines).toHaveLength(2);
    expect(listener.stats).toMatchObject({ halfOpen: 1, refused: { halfOpen: 0 } });
  });

  it('bound all associations, and a place that gets free is taken again', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { total: 2 } });
    const [one, two, three] = [await world.client(), await world.client(), await world.client()];
    await world.pair(server, one);
    await world.pair(server, two);
    const connecting = three.socket.connect(world.host, world.port);
    await world.clock.advance(10);
    expect(server.listener.stats.refused.total).toBe(1);
    await world.run(one.socket.close());
    await world.run(connecting);
    expect(server.listener.stats).toMatchObject({ associations: 2, accepted: 3 });
  });

  it('let a known device begin anew when the listener is full', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { total: 1, perSource: 1 } });
    const first = await world.client({ address: '10.0.0.20' });
    await first.socket.bind('10.0.0.20', 4_000);
    await world.pair(server, first);
    await first.udp?.close();
    const second = await world.client({ address: '10.0.0.20' });
    await second.socket.bind('10.0.0.20', 4_000);
    await world.pair(server, second);
    expect(server.listener.stats).toMatchObject({ associations: 1, refused: { total: 0, perSource: 0 } });
  });

  it('bound the associations of one address, all ports together', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer({ limits: { perSource: 2 } });
    const peers: Socket[] = [];
    for (let id = 1; id <= 4; id += 1) peers.push(await halfOpen(world, id, '10.0.0.30'));
    await halfOpen(world, 5, '10.0.0.31');
    expect(listener.stats).toMatchObject({ halfOpen: 3, refused: { perSource: 2 } });
    await world.run(listener.close());
    expect(listener.stats.halfOpen).toBe(0);
  });

  it('free the place at an address when an association there ends', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { perSource: 1 } });
    const first = await world.client({ address: '10.0.0.30' });
    await world.pair(server, first);
    await world.run(first.socket.close());
    await world.clock.advance(1);
    const second = await world.client({ address: '10.0.0.30' });
    await world.pair(server, second);
    expect(server.listener.stats.refused.perSource).toBe(0);
  });

  it('bound who waits for accept, also those whose handshakes began before it was full', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer({ limits: { backlog: 1 } });
    const peers = [await halfOpen(world, 1), await halfOpen(world, 2)];
    for (const [index, peer] of peers.entries()) await peer.send(handshakeRecord(1, 20, index + 1));
    await world.clock.advance(1);
    expect(listener.stats).toMatchObject({ associations: 1, accepted: 2, refused: { backlog: 1 } });
    await halfOpen(world, 3);
    expect(listener.stats).toMatchObject({ halfOpen: 0, refused: { backlog: 2 } });
    const late = await world.run(peers[1]?.receive() ?? Promise.reject(new Error('no peer')));
    expect(late[13]).toBe(2);
    await listener.accept();
    await halfOpen(world, 4);
    expect(listener.stats.halfOpen).toBe(1);
  });

  it('bound the time of a handshake', async () => {
    const world = new ShellWorld();
    const { listener, engines } = await world.boundServer({ limits: { handshakeTime: 4_000 } });
    await halfOpen(world, 1);
    await world.clock.advance(3_990);
    expect(listener.stats.halfOpen).toBe(1);
    await world.clock.advance(10);
    expect(listener.stats).toMatchObject({ halfOpen: 0, failed: 1 });
    expect(engines.engines[0]?.destroyed).toBe(true);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('end an association whose peer is silent, and only then', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { idleTime: 10_000 } });
    const client = await world.client();
    const accepted = await world.pair(server, client);
    for (let time = 0; time < 5; time += 1) {
      await world.clock.advance(9_000);
      await client.socket.send(bytes('alive'));
      expect(text(await world.run(accepted.receive()))).toBe('alive');
    }
    await accepted.send(bytes('our own sending does not count'));
    await world.clock.advance(9_999);
    expect(server.listener.stats.associations).toBe(1);
    await world.clock.advance(1);
    expect(server.listener.stats).toMatchObject({ associations: 0, idled: 1 });
    await expect(accepted.receive()).rejects.toEqual(errno('ECONNABORTED'));
    await world.run(client.socket.receive());
    await expect(world.run(client.socket.receive())).rejects.toEqual(errno('ENOTCONN'));
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('do not take noise from the peer’s address for the peer', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer({ limits: { idleTime: 1_000 } });
    const client = await world.client();
    await world.pair(server, client);
    await world.clock.advance(600);
    await client.udp?.send(bytes('not a record'));
    await world.clock.advance(400);
    expect(server.listener.stats).toMatchObject({ associations: 0, idled: 1 });
  });

  it('hold the clock to one timer for all, and to none when nothing is due', async () => {
    const world = new ShellWorld();
    const { listener } = await world.boundServer({ limits: { idleTime: Infinity } });
    const peers: Socket[] = [];
    for (let id = 1; id <= 20; id += 1) {
      peers.push(await halfOpen(world, id));
      expect(world.clock.pendingTimers).toBe(1);
    }
    for (const [index, peer] of peers.entries()) await peer.send(handshakeRecord(1, 20, index + 1));
    await world.clock.advance(1);
    expect(listener.stats.associations).toBe(20);
    await world.clock.advance(200_000);
    expect(world.clock.pendingTimers).toBe(0);
    expect(listener.stats.associations).toBe(20);
  });

  it('repeat each flight at its own time', async () => {
    const world = new ShellWorld();
    await world.boundServer();
    const times = new Map<number, number[]>();
    world.network.observe(({ data, from, time }) => {
      if (from.port !== world.port || data[13] !== 2) return;
      const id = data[16] ?? 0;
      times.set(id, [...(times.get(id) ?? []), time]);
    });
    await halfOpen(world, 1);
    await world.clock.advance(299);
    await halfOpen(world, 2);
    const start = [...times.values()].map(([first = 0]) => first);
    await world.clock.advance(8_000);
    expect([...times.values()]).toEqual(start.map((time) => [time, time + 1_000, time + 3_000, time + 7_000]));
  });
});
