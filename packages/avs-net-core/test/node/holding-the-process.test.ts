import { describe, expect, it } from 'vitest';
import {
  type Clock,
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  systemClock,
  type TimerHandle,
} from '../../src/index.js';
import { createUdpSocket } from '../../src/node/index.js';
import { FakeClientFactory, FakeServerFactory } from '../fake-engine.js';
import { clientConfiguration, listenerConfiguration } from '../shell-world.js';

/** The platform's clock, and how many of its timers wait: all, and those that hold the process. */
class WatchedClock implements Clock {
  readonly #waiting = new Set<TimerHandle>();

  now(): number {
    return systemClock.now();
  }

  setTimeout(callback: () => void, delay: number): TimerHandle {
    const handle = systemClock.setTimeout(() => {
      this.#waiting.delete(handle);
      callback();
    }, delay);
    this.#waiting.add(handle);
    return handle;
  }

  clearTimeout(handle: TimerHandle): void {
    this.#waiting.delete(handle);
    systemClock.clearTimeout(handle);
  }

  unref(handle: TimerHandle): void {
    systemClock.unref?.(handle);
  }

  get waiting(): { all: number; holding: number } {
    const holding = [...this.#waiting].filter((handle) => (handle as NodeJS.Timeout).hasRef());
    return { all: this.#waiting.size, holding: holding.length };
  }
}

describe('the timers of a listener', () => {
  it('do not hold the process: its socket does, until somebody calls unref', async () => {
    const clock = new WatchedClock();
    const listener = await createDatagramListener({
      engines: new FakeServerFactory(),
      configuration: copyListenerConfiguration(listenerConfiguration({ clock })),
      createBackend: createUdpSocket,
    });
    await listener.bind('127.0.0.1', 0);
    const client = await createSecureSocket({
      type: 'dtls',
      engines: new FakeClientFactory(),
      configuration: copyTlsConfiguration(clientConfiguration()),
      createBackend: createUdpSocket,
    });
    const accepting = listener.accept();
    expect(clock.waiting).toEqual({ all: 1, holding: 1 });
    await client.connect('127.0.0.1', listener.localPort);
    await accepting;
    expect(clock.waiting).toEqual({ all: 1, holding: 0 });
    await client.cleanup();
    await listener.cleanup();
    expect(clock.waiting).toEqual({ all: 0, holding: 0 });
  });
});
