import { once } from 'node:events';
import { VirtualClock } from '@avs-net/core/testing';
import { backend } from '@avs-net/tls-pure';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectDtls, listenDtls } from '../src/dtls-transport.js';
import { Memory } from '../src/lwm2m/memory.js';
import { Lwm2mServer } from '../src/lwm2m/server.js';
import { startDevice, type TestDevice } from './lwm2m/pair.js';

const key = new Uint8Array(16).fill(5);
const settings = { lifetime: 300, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 };

async function startServer(port = 0) {
  const server = new Lwm2mServer();
  const events: string[] = [];
  for (const event of ['registered', 'updated', 'resumed', 'deregistered'] as const) {
    server.on(event, () => events.push(event));
  }
  let handshakes = 0;
  const options = { backend, host: '127.0.0.1', port, keys: new Map([['me', key]]), cid: true };
  const dtls = await listenDtls(options, (association) => {
    handshakes += 1;
    server.attach(association.socket, association);
  });
  const close = async (): Promise<void> => {
    server.close();
    await dtls.close();
  };
  onTestFinished(close);
  return { server, events, port: dtls.port, handshakes: () => handshakes, close };
}

/** What a device's file would hold. */
class Kept {
  readonly session = new Uint8Array(4_096);
  durable: Uint8Array = this.session.slice();
  memory: Memory = new Memory({ settings });

  /** Starts the device as a new process would: with what was durable. */
  start(port: number, clock?: VirtualClock): TestDevice {
    this.session.set(this.durable);
    this.memory = new Memory(JSON.parse(JSON.stringify(this.memory.content)));
    const persist = (): void => {
      this.durable = this.session.slice();
    };
    const target = { backend, host: '127.0.0.1', port, identity: 'me', key, cid: true, session: this.session, persist };
    return startDevice(0, {
      memory: this.memory,
      connect: (signal) => connectDtls(target, signal),
      ...(clock !== undefined && { clock }),
    });
  }
}

async function leave(device: TestDevice): Promise<void> {
  device.client.leave();
  await device.running;
}

describe('a device with a connection ID that keeps its association', () => {
  it('goes on without a handshake, a Register, or a message with a number that was used', async () => {
    const { server, events, port, handshakes } = await startServer();
    const kept = new Kept();
    const first = kept.start(port);
    await first.logged('Register');
    const values: unknown[] = [];
    let wake = (): void => {};
    const until = async (value: number): Promise<void> => {
      while (!values.includes(value)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await server.device('thermo').observe([3303, 0, 5700], ({ data }) => {
      values.push(data[0]?.value);
      wake();
    });
    await leave(first);
    for (const value of [41, 42, 43]) {
      const again = kept.start(port);
      await again.logged('Update → 2.04');
      expect(again.lines[0]).toMatch(/: goes on without a handshake, a connection ID of 8 bytes, \d+ ms$/);
      again.thermometer.measure(value);
      await until(value);
      expect((await server.device('thermo').read([3303, 0, 5700])).data[0]?.value).toBe(value);
      await leave(again);
    }
    expect(events).toEqual(['registered', 'updated', 'updated', 'updated']);
    expect(handshakes()).toBe(1);
  });

  it('connects anew when the server has been started again and knows nothing', async () => {
    const before = await startServer();
    const kept = new Kept();
    const first = kept.start(before.port);
    await first.logged('Register');
    await leave(first);
    await before.close();
    const after = await startServer(before.port);
    const clock = new VirtualClock(1_000_000);
    const again = kept.start(before.port, clock);
    await again.logged('the registration /rd/');
    await clock.settle();
    await clock.advance(20_000);
    await again.logged('the server gave no answer within 20 s over the association from before; connecting anew');
    await again.logged('Register → 2.01');
    expect(after.events).toEqual(['registered']);
  });

  it('leaves nothing to go on with when it deregisters', async () => {
    const { server, port, handshakes } = await startServer();
    const kept = new Kept();
    const first = kept.start(port);
    await first.logged('Register');
    const deregistered = once(server, 'deregistered');
    first.client.stop();
    await Promise.all([deregistered, first.running]);
    const again = kept.start(port);
    await again.logged('Register');
    expect(again.lines[0]).toContain('resumed in');
    expect(handshakes()).toBe(2);
  });
});
