import { ciphersuiteName, type SecureSocket } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, hexOf, utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { expectErrno, expectThrown, outcomeOf, thrownBy } from './outcomes.js';
import { prf, secretsOf } from './sealed-records.js';
import { Testbed } from './testbed.js';

const label = 'EXPERIMENTAL avs-net';

/** Keys that both ends derive alike for the application. RFC 5705. */
export function describeExporters(backends: BackendPair): void {
  const suites = commonCiphersuites(backends).map((id) => [ciphersuiteName(id), id] as const);

  describe('exported keys', () => {
    it.each(suites)('are what RFC 5705 makes of the master secret, on both ends: %s', async (name, id) => {
      await using bed = new Testbed(backends);
      const lines: string[] = [];
      const { client, server } = await bed.pair({
        client: { ciphersuites: [id], onKeyLog: (line) => lines.push(line) },
      });
      const { master, clientRandom, serverRandom } = secretsOf(bed, lines[0]);
      const randoms = Buffer.concat([clientRandom, serverRandom]);
      const hash = name.endsWith('SHA384') ? 'sha384' : 'sha256';
      for (const [length, context] of [
        [1, undefined],
        [32, undefined],
        [32, new Uint8Array(0)],
        [100, counting(3)],
        [100, counting(300)],
      ] as const) {
        const after = context ? [Uint8Array.of(context.length >> 8, context.length), context] : [];
        const expected = prf(hash, master, label, Buffer.concat([randoms, ...after]), length);
        for (const side of [client, server]) {
          expect(side.exportKeyingMaterial(length, label, context), `${name} ${length}`).toEqual(expected);
        }
      }
    });

    it('differ by label, by context, and by association', async () => {
      await using bed = new Testbed(backends);
      const first = await bed.pair();
      const second = await bed.connect(await bed.client(), first.listener);
      const keys = [first.client, second.client].flatMap((socket) =>
        [label, `${label} 2`].flatMap((each) =>
          [undefined, new Uint8Array(0), counting(1), counting(2)].map((context) =>
            hexOf(socket.exportKeyingMaterial(32, each, context)),
          ),
        ),
      );
      expect(new Set(keys).size).toBe(16);
    });

    it('belong to whoever asked for them: overwriting one changes no other', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const wiped = client.exportKeyingMaterial(32, label);
      const kept = wiped.slice();
      wiped.fill(0);
      for (const socket of [client, server]) expect(socket.exportKeyingMaterial(32, label)).toEqual(kept);
      await bed.run(client.send(utf8('still whole')));
      expect(await bed.run(server.receive())).toEqual(utf8('still whole'));
    });

    it('are new ones after the socket has connected again, resumed or not, and the same on both ends', async () => {
      await using bed = new Testbed(backends);
      const { client, server, listener } = await bed.pair();
      const seen = new Set([hexOf(client.exportKeyingMaterial(32, label))]);
      expect(server.exportKeyingMaterial(32, label)).toEqual(client.exportKeyingMaterial(32, label));
      for (let i = 0; i < 2; i += 1) {
        await bed.run(client.close());
        const again = await bed.connect(client, listener);
        const { sessionResumption } = bed.backends.client.capabilities;
        const resumes = sessionResumption && bed.backends.server.capabilities.sessionResumption;
        expect(client.getOption('sessionResumed')).toBe(resumes);
        const exported = again.client.exportKeyingMaterial(32, label, counting(4));
        expect(again.server.exportKeyingMaterial(32, label, counting(4))).toEqual(exported);
        seen.add(hexOf(client.exportKeyingMaterial(32, label)));
      }
      expect(seen.size).toBe(3);
    });

    it('are there from the handshake to the end of the association, and no longer', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen();
      const idle = await bed.client();
      expectThrown(() => idle.exportKeyingMaterial(32, label), 'ENOTCONN', 'before connect');
      const { client, server } = await bed.connect(idle, listener);
      const before = client.exportKeyingMaterial(32, label);
      await bed.run(client.shutdown());
      expect(client.state).toBe('shutdown');
      const left = (socket: SecureSocket) => () => socket.exportKeyingMaterial(32, label);
      await bed.clock.advance(1);
      expect(before.some((byte) => byte !== 0)).toBe(true);
      for (const socket of [client, server]) expectThrown(left(socket), 'ENOTCONN', 'after close_notify both ways');
      await bed.run(client.close());
      expectThrown(left(client), 'ENOTCONN', 'closed');
      await bed.run(Promise.all([client.cleanup(), server.cleanup()]));
      for (const socket of [client, server]) expectThrown(left(socket), 'EBADF', 'cleaned up');
    });

    it.each(['client finished', 'server finished', 'master secret', 'extended master secret', 'key expansion'])(
      'have no label that the handshake uses: %s',
      async (reserved) => {
        await using bed = new Testbed(backends);
        const { client, server } = await bed.pair();
        for (const socket of [client, server]) {
          for (const each of [reserved, `${reserved} of mine`]) {
            expect(expectThrown(() => socket.exportKeyingMaterial(32, each), 'EINVAL').message).toContain('label');
          }
          expect(socket.exportKeyingMaterial(32, `my ${reserved}`)).toHaveLength(32);
        }
      },
    );

    it('take a context of any length that the standard allows, or say that theirs is too long', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      const derive = (socket: SecureSocket) => socket.exportKeyingMaterial(32, label, counting(65_535));
      const attempts = [client, server].map((socket) => outcomeOf(Promise.resolve(socket).then(derive)));
      const [ours, theirs] = await Promise.all(attempts);
      for (const outcome of [ours, theirs]) {
        if (outcome?.ok === false) expect(expectErrno(outcome.error, 'EINVAL').message).toContain('context');
      }
      if (ours?.ok && theirs?.ok) expect(ours.value).toEqual(theirs.value);
    });

    it('are refused for a wrong length, label or context, which the error names', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      for (const length of [0, -1, 1.5, Number.NaN, Infinity, 65_536]) {
        expect(expectThrown(() => client.exportKeyingMaterial(length, label), 'EINVAL').message).toContain('length');
      }
      for (const wrong of ['', 'größe', 'new\nline', 'nul\0']) {
        expect(expectThrown(() => client.exportKeyingMaterial(32, wrong), 'EINVAL').message).toContain('label');
      }
      const long = new Uint8Array(65_536);
      expect(expectThrown(() => client.exportKeyingMaterial(32, label, long), 'EINVAL').message).toContain('context');
      expect(client.exportKeyingMaterial(65_535, label, long.subarray(0, 512))).toHaveLength(65_535);
      const types = [
        ['length', '32', label, undefined],
        ['label', 32, utf8(label), undefined],
        ['context', 32, label, 'context'],
        ['context', 32, label, null],
      ] as const;
      for (const [name, length, text, context] of types) {
        const error = thrownBy(() => client.exportKeyingMaterial(length as never, text as never, context as never));
        expect(error, name).toBeInstanceOf(TypeError);
        expect(String(error)).toContain(name);
      }
    });
  });
}
