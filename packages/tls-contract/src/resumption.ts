import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { isZero, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { pskClient, serverAddress, Testbed } from './testbed.js';

/** Bytes that hold any backend's session. */
const bufferSize = 2_048;

/** Resumption: a session lives in the caller's buffer, or in the socket, and shortens the next handshake with its own server. */
export function describeResumption(backends: BackendPair): void {
  const { client, server } = backends;
  if (!client.capabilities.sessionResumption || !server.capabilities.sessionResumption) {
    describe('a pair of backends that cannot both resume', () => {
      it('makes a full handshake each time, and says so', async () => {
        await using bed = new Testbed(backends);
        const buffer = new Uint8Array(bufferSize);
        const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer: buffer } });
        await bed.run(socket.close());
        await bed.connect(socket, listener);
        expect(socket.getOption('sessionResumed')).toBe(false);
      });
    });
    return;
  }

  describe('resumption', () => {
    it.each(commonCiphersuites(backends).map((id) => [`0x${id.toString(16).padStart(4, '0')}`, id] as const))(
      'goes on in another socket with what the buffer holds, with suite %s',
      async (_name, suite) => {
        await using bed = new Testbed(backends);
        const ciphersuites = [suite];
        const sessionResumptionBuffer = new Uint8Array(bufferSize);
        const listener = await bed.listen();
        const first = await bed.connect(await bed.client({ ciphersuites, sessionResumptionBuffer }), listener);
        expect(first.client.getOption('sessionResumed')).toBe(false);
        expect(isZero(sessionResumptionBuffer)).toBe(false);
        await bed.run(first.client.cleanup());

        const second = await bed.connect(await bed.client({ ciphersuites, sessionResumptionBuffer }), listener);
        expect(second.client.getOption('sessionResumed')).toBe(true);
        expect(second.server.getOption('sessionResumed')).toBe(true);
        expect(second.client.info).toMatchObject({ resumed: true, ciphersuite: suite, extendedMasterSecret: true });
        expect(second.server.info?.pskIdentity).toEqual(utf8('device-1'));
        await bed.run(second.client.send(utf8('again')));
        expect(await bed.run(second.server.receive())).toEqual(utf8('again'));
        await bed.run(second.server.send(utf8('welcome')));
        expect(await bed.run(second.client.receive())).toEqual(utf8('welcome'));
      },
    );

    it.each([
      ['by itself', undefined],
      ['with a buffer', new Uint8Array(bufferSize)],
    ])('happens when a socket is closed and connected again, %s', async (_how, sessionResumptionBuffer) => {
      await using bed = new Testbed(backends);
      const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      for (let i = 0; i < 3; i++) {
        await bed.run(socket.close());
        await bed.connect(socket, listener);
        expect(socket.getOption('sessionResumed')).toBe(true);
      }
    });

    it('saves a round trip', async () => {
      await using bed = new Testbed(backends, { faults: { delay: { min: 100, max: 100 } } });
      const listener = await bed.listen();
      const socket = await bed.client();
      const times: number[] = [];
      for (let i = 0; i < 2; i++) {
        const start = bed.clock.now();
        const accepted = listener.accept();
        await bed.run(socket.connect(serverAddress, listener.localPort));
        times.push(bed.clock.now() - start);
        bed.own(await bed.run(accepted));
        await bed.run(socket.close());
      }
      expect(times).toEqual([600, 400]);
    });

    it('is left out by a listener that is told to', async () => {
      await using bed = new Testbed(backends);
      const { client: socket, listener } = await bed.pair({ server: { resumption: false } });
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it.each([
      ['tickets', { cache: false }],
      ['session IDs', { tickets: false }],
    ] as const)('works by %s alone', async (_what, resumption) => {
      await using bed = new Testbed(backends);
      const { client: socket, listener } = await bed.pair({ server: { resumption } });
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(true);
    });

    it('does not outlive its server', async () => {
      await using bed = new Testbed(backends);
      const { client: socket, listener } = await bed.pair();
      await bed.run(socket.close());
      await bed.run(listener.cleanup());
      await bed.connect(socket, await bed.listen());
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it.each([
      ['another identity', { security: pskClient(utf8('device-2')) }],
      ['another name', { serverNameIndication: 'other.example' }],
    ])('is not offered with %s', async (_what, change) => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = new Uint8Array(bufferSize);
      const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      await bed.run(socket.cleanup());
      const { client: other } = await bed.connect(await bed.client({ sessionResumptionBuffer, ...change }), listener);
      expect(other.getOption('sessionResumed')).toBe(false);
    });

    it('leaves a buffer that is too small all zero, and makes a full handshake next time', async () => {
      await using bed = new Testbed(backends);
      const sessionResumptionBuffer = new Uint8Array(40).fill(1);
      const { client: socket, listener } = await bed.pair({ client: { sessionResumptionBuffer } });
      expect(isZero(sessionResumptionBuffer)).toBe(true);
      await bed.run(socket.close());
      await bed.connect(socket, listener);
      expect(socket.getOption('sessionResumed')).toBe(false);
    });

    it('comes through loss, reordering and duplication of 20 % each way', async () => {
      await using bed = new Testbed(backends, { seed: 7, faults: { loss: 0.2, duplication: 0.2, reordering: 0.2 } });
      const listener = await bed.listen();
      const socket = await bed.client();
      let resumed = 0;
      for (let i = 0; i < 20; i++) {
        const accepted = listener.accept();
        await bed.run(socket.connect(serverAddress, listener.localPort));
        bed.own(await bed.run(accepted));
        if (socket.getOption('sessionResumed')) resumed++;
        await bed.run(socket.close());
      }
      expect(resumed).toBe(19);
    });
  });
}
