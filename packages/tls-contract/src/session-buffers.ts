import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, isZero, textOf, utf8 } from './bytes.js';
import { expectErrno, rejectionOf } from './outcomes.js';
import { pskServer, serverAddress, serverPort, Testbed } from './testbed.js';

/** The session resumption buffer, with the capability and without it. */
export function describeSessionBuffers(backends: BackendPair): void {
  const resumes = backends.client.capabilities.sessionResumption;
  const bothResume = resumes && backends.server.capabilities.sessionResumption;

  describe('the session resumption buffer', () => {
    it.each([
      ['zeros', new Uint8Array(2_000)],
      ['noise', counting(2_000, 3)],
      ['all ones', new Uint8Array(2_000).fill(0xff)],
      ['a length that fits and nothing behind it', Uint8Array.of(0, 0, 0, 40, ...new Uint8Array(60))],
      ['one byte', Uint8Array.of(7)],
      ['nothing', new Uint8Array(0)],
    ])('is ignored safely when it holds %s: a full handshake', async (_title, content) => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = content.slice();
      const { client, server } = await bed.pair({ client: { sessionResumptionBuffer } });
      expect(client.getOption('sessionResumed')).toBe(false);
      expect([client.info?.resumed, server.info?.resumed]).toEqual([false, false]);
      if (!resumes) expect(isZero(sessionResumptionBuffer), 'without the capability it is zeroed').toBe(true);
      await bed.run(client.send(utf8('full')));
      expect(textOf(await bed.run(server.receive()))).toBe('full');
    });

    it('may be a Buffer, which lives on with what was written last', async () => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = Buffer.alloc(1_024);
      const listener = await bed.listen();
      const resumed: boolean[] = [];
      for (let i = 0; i < 3; i++) {
        const { client } = await bed.connect(await bed.client({ sessionResumptionBuffer }), listener);
        resumed.push(client.getOption('sessionResumed'));
        await bed.run(client.cleanup());
      }
      expect(resumed).toEqual([false, bothResume, bothResume]);
    });

    it('is all zero after a handshake that failed', async () => {
      await using bed = new Testbed(backends);
      await bed.listen({ security: pskServer(counting(16, 9)) });
      const sessionResumptionBuffer = counting(500);
      const client = await bed.client({ sessionResumptionBuffer });
      expect(await bed.run(rejectionOf(client.connect(serverAddress, serverPort)))).toBeInstanceOf(Error);
      expect(isZero(sessionResumptionBuffer)).toBe(true);
    });

    it('is all zero after a handshake that timed out', async () => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = counting(500);
      const client = await bed.client({ sessionResumptionBuffer });
      expectErrno(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))), 'ETIMEDOUT');
      expect(isZero(sessionResumptionBuffer)).toBe(true);
    });

    it('resumes on the next connect where both sides can, and is a full handshake elsewhere', async () => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = new Uint8Array(4_096);
      const { client, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      expect(isZero(sessionResumptionBuffer)).toBe(!bothResume);
      await bed.run(client.close());
      const again = await bed.connect(client, listener);
      expect(client.getOption('sessionResumed')).toBe(bothResume);
      expect(again.server.info?.resumed).toBe(bothResume);
      await bed.run(client.send(utf8('second')));
      expect(textOf(await bed.run(again.server.receive()))).toBe('second');
    });
  });
}
