import type { DtlsListenerConfiguration, TlsConfiguration } from '@avs-net/core';
import { describe, expect, it, vi } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { hexOf, textOf, utf8 } from './bytes.js';
import { expectRejection, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, Testbed } from './testbed.js';
import { clientHelloOf } from './wire.js';

/** Runs with the exceptions collected that would end the process, because somebody throws them in a microtask. */
async function collectingUncaught(run: () => Promise<void>): Promise<readonly unknown[]> {
  const uncaught: unknown[] = [];
  const original = globalThis.queueMicrotask;
  const spy = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
    original(() => {
      try {
        callback();
      } catch (error) {
        uncaught.push(error);
      }
    }),
  );
  try {
    await run();
  } finally {
    spy.mockRestore();
  }
  return uncaught;
}

/** The functions that a configuration may have: additionalConfiguration and onKeyLog. */
export function describeCallbacks(backends: BackendPair): void {
  const makers: readonly (readonly [string, (more: object) => Promise<{ cleanup(): Promise<void> }>])[] = [
    ['client', (more) => backends.client.createDtlsSocket({ security: pskClient(), ...more } as TlsConfiguration)],
    [
      'listener',
      (more) => backends.server.createDtlsListener({ security: pskServer(), ...more } as DtlsListenerConfiguration),
    ],
  ];

  describe.each(makers)('additionalConfiguration of a %s', (_kind, make) => {
    it('is called once, with something native, however often it connects or binds', async () => {
      const natives: unknown[] = [];
      const socket = await make({ additionalConfiguration: (native: unknown) => natives.push(native) });
      await socket.cleanup();
      expect(natives).toHaveLength(1);
      expect(natives[0]).toBeTypeOf('object');
      expect(natives[0]).not.toBeNull();
    });

    it('is called last: not for a configuration that is refused, nor without credentials', async () => {
      let calls = 0;
      const additionalConfiguration = (): void => {
        calls += 1;
      };
      await expectRejection(make({ additionalConfiguration, handshakeTimeouts: { min: 2, max: 1 } }), 'EINVAL');
      await expectRejection(make({ additionalConfiguration, security: { mode: 'certificate' } }), 'ENOTSUP');
      await rejectionOf(make({ additionalConfiguration, security: { mode: 'psk' } }));
      expect(calls).toBe(0);
    });

    it('keeps the socket from being made when it throws', async () => {
      const additionalConfiguration = (): void => {
        throw new Error('not on this machine');
      };
      expect(String(await rejectionOf(make({ additionalConfiguration })))).toContain('not on this machine');
    });
  });

  describe('the key log', () => {
    it('has a line in the NSS format for each handshake, resumed ones too, the same on both sides', async () => {
      await using bed = new Testbed(backends);
      const logs: { client: string[]; server: string[] } = { client: [], server: [] };
      const { client, listener } = await bed.pair({
        client: { onKeyLog: (line) => logs.client.push(line) },
        server: { onKeyLog: (line) => logs.server.push(line) },
      });
      await bed.run(client.close());
      await bed.connect(client, listener);
      expect(logs.client).toHaveLength(2);
      expect(logs.client).toEqual(logs.server);
      for (const line of logs.client) expect(line).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
      const { random } = clientHelloOf(bed.sentBy('client')[0]?.data ?? new Uint8Array());
      expect(logs.client[0]).toContain(` ${hexOf(random)} `);
      const [first, second] = logs.client.map((line) => line.split(' '));
      expect(second?.[1], 'the random').not.toBe(first?.[1]);
      const isSame = second?.[2] === first?.[2];
      expect(isSame, 'a resumed session has the same master secret').toBe(client.getOption('sessionResumed'));
    });

    it('that throws does no harm to the handshake, and the exceptions surface as uncaught', async () => {
      const full = new Error('the disk is full');
      const onKeyLog = (): void => {
        throw full;
      };
      const uncaught = await collectingUncaught(async () => {
        await using bed = new Testbed(backends);
        const { client, server } = await bed.pair({ client: { onKeyLog }, server: { onKeyLog } });
        await bed.run(client.send(utf8('unharmed')));
        expect(textOf(await bed.run(server.receive()))).toBe('unharmed');
      });
      expect(uncaught).toEqual([full, full]);
    });
  });
}
