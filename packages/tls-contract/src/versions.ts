import { AlertDescription, type TlsVersion } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { expectAlert, expectErrno, outcomeOf, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from './testbed.js';
import { HandshakeType, helloVersionOffset, holdsHandshake, recordVersionOffset } from './wire.js';

const versions = ['1.0', '1.1', '1.2', '1.3'] as const satisfies readonly TlsVersion[];

/** DTLS 1.0 as it is on the wire: versions count down from there. RFC 4347 §4.1. */
const dtls10 = [0xfe, 0xff] as const;

/** Lets one side see hellos of this type as if they came from a peer that knows nothing newer than DTLS 1.0. */
function age(bed: Testbed, type: number): void {
  bed.network.intercept(({ data }) => {
    if (!holdsHandshake(data, type)) return undefined;
    const aged = data.slice();
    aged.set(dtls10, recordVersionOffset);
    aged.set(dtls10, helloVersionOffset);
    return aged;
  });
}

/** `version`: the lowest that is allowed. */
export function describeVersions(backends: BackendPair): void {
  const { client, server } = backends;
  const both = versions.filter(
    (each) => client.capabilities.dtlsVersions.includes(each) && server.capabilities.dtlsVersions.includes(each),
  );

  describe('versions', () => {
    it.each(versions)('a socket that must not go below %s is made, or refused with ENOTSUP', async (version) => {
      for (const [backend, make] of [
        [client, () => client.createDtlsSocket({ security: pskClient(), version })],
        [server, () => server.createDtlsListener({ security: pskServer(), version })],
      ] as const) {
        const made = await outcomeOf<{ cleanup(): Promise<void> }>(make());
        expect(made.ok, `${backend.name} ${version}`).toBe(backend.capabilities.dtlsVersions.includes(version));
        if (made.ok) await made.value.cleanup();
        else expect(expectErrno(made.error, 'ENOTSUP').message).toContain(`version ${version}`);
      }
    });

    it.each(both)('the best of both is spoken when %s would do', async (version) => {
      await using bed = new Testbed(backends);
      const pair = await bed.pair({ client: { version }, server: { version } });
      expect([pair.client.info?.version, pair.server.info?.version]).toEqual([both.at(-1), both.at(-1)]);
    });

    it.each([undefined, '1.2'] as const)(
      'a client that offers less than %s is told protocol_version',
      async (version) => {
        await using bed = new Testbed(backends);
        const listener = await bed.listen({ version });
        age(bed, HandshakeType.clientHello);
        const socket = await bed.client();
        const alert = expectAlert(await bed.run(rejectionOf(socket.connect(serverAddress, serverPort))));
        expect(alert).toMatchObject({ description: AlertDescription.protocol_version, direction: 'received' });
        await bed.clock.advance(200_000);
        expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0, accepted: 0, failed: 1 });
        // Mbed TLS drops records that are newer than the version that it is set to.
        for (const { data } of bed.sentBy('server')) {
          expect([...data.subarray(recordVersionOffset, recordVersionOffset + 2)]).toEqual(dtls10);
        }
      },
    );

    it.each([undefined, '1.2'] as const)(
      'a server that chooses less than %s is told protocol_version',
      async (version) => {
        await using bed = new Testbed(backends);
        const listener = await bed.listen();
        age(bed, HandshakeType.serverHello);
        const socket = await bed.client({ version });
        const alert = expectAlert(await bed.run(rejectionOf(socket.connect(serverAddress, serverPort))));
        expect(alert).toMatchObject({ description: AlertDescription.protocol_version, direction: 'sent' });
        await bed.clock.advance(200_000);
        expect(listener.stats).toMatchObject({ associations: 0, halfOpen: 0, accepted: 0, failed: 1 });
      },
    );
  });
}
