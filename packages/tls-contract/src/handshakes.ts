import { ciphersuiteName } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, hexOf, utf8 } from './bytes.js';
import { commonCiphersuites, knownCiphersuite } from './ciphersuites.js';
import { expectErrno, expectRejection, rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed, testIdentity } from './testbed.js';
import { ContentType, clientHelloOf, HandshakeType, holdsHandshake, recordsOf } from './wire.js';

/** Bytes of an IPv4 and a UDP header. RFC 791 §3.1, RFC 768. */
const headersBelow = 28;

/** Handshakes that succeed, with every ciphersuite, and what both sides then know. */
export function describeHandshakes(backends: BackendPair): void {
  const common = commonCiphersuites(backends);
  const { client: ours, server: theirs } = backends;

  describe('handshakes', () => {
    it.each(common.map((id) => [ciphersuiteName(id), id] as const))('completes one with %s', async (_name, id) => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ client: { ciphersuites: [id] } });
      expect([client.state, server.state]).toEqual(['connected', 'accepted']);
      for (const side of [client, server]) {
        expect(side.info).toMatchObject({ version: '1.2', ciphersuite: id, resumed: false, retransmissions: 0 });
        expect(side.getOption('sessionResumed')).toBe(false);
      }
      const extended = ours.capabilities.extendedMasterSecret && theirs.capabilities.extendedMasterSecret;
      expect([client.info?.extendedMasterSecret, server.info?.extendedMasterSecret]).toEqual([extended, extended]);
      const macLast =
        knownCiphersuite(id)?.kind === 'cbc' && ours.capabilities.encryptThenMac && theirs.capabilities.encryptThenMac;
      expect([client.info?.encryptThenMac, server.info?.encryptThenMac]).toEqual([macLast, macLast]);
      expect(server.info?.pskIdentity).toEqual(testIdentity);
      expect(client.info?.pskIdentity).toBeUndefined();
    });

    it.each(common.map((id) => [ciphersuiteName(id), id] as const))(
      'carries exactly innerMtu bytes in one datagram with %s',
      async (_name, id) => {
        await using bed = new Testbed(backends);
        const { client, server } = await bed.pair({ client: { ciphersuites: [id] } });
        for (const [from, to] of [
          [client, server],
          [server, client],
        ] as const) {
          const largest = from.getOption('innerMtu');
          const room = from.getOption('mtu') - headersBelow;
          bed.wire.length = 0;
          const data = counting(largest);
          await bed.run(from.send(data));
          expect(await bed.run(to.receive())).toEqual(data);
          expect(bed.wire).toHaveLength(1);
          const size = bed.wire[0]?.data.length ?? 0;
          expect(size).toBeLessThanOrEqual(room);
          const { kind, overhead = 0 } = knownCiphersuite(id) ?? {};
          if (kind === 'aead') expect([size, size - largest]).toEqual([room, overhead]);
          else expect(size, 'one more block of CBC would not fit').toBeGreaterThan(room - 16);
          await expectRejection(bed.run(from.send(new Uint8Array(largest + 1))), 'EMSGSIZE');
          expect(bed.wire, 'nothing is sent of what is too large').toHaveLength(1);
        }
      },
    );

    it('answers the first ClientHello with a cookie that the second one brings back', async () => {
      await using bed = new Testbed(backends);
      const { client } = await bed.pair();
      const hellos = bed.sentBy('client').filter(({ data }) => holdsHandshake(data, HandshakeType.clientHello));
      expect(hellos).toHaveLength(2);
      const [first, second] = hellos.map(({ data }) => clientHelloOf(data));
      expect(first?.cookie).toHaveLength(0);
      expect(second?.cookie.length).toBeGreaterThan(0);
      expect(second?.random).toEqual(first?.random);
      expect(client.info?.flights).toBe(3);
    });

    it('encrypts application data and nothing of it is on the wire', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      bed.wire.length = 0;
      const text = utf8('temperature 23.5');
      await bed.run(client.send(text));
      await bed.run(server.receive());
      const records = bed.wire.flatMap(({ data }) => recordsOf(data));
      expect(records.map(({ type, epoch }) => [type, epoch])).toEqual([[ContentType.applicationData, 1]]);
      expect(hexOf(records[0]?.fragment ?? text)).not.toContain(hexOf(text));
    });

    it("gives the client the server's identity hint", async () => {
      await using bed = new Testbed(backends);
      const resolving = { ...pskServer(), identityHint: 'plant 7' };
      const { client, server } = await bed.pair({ server: { security: resolving } });
      expect(client.info?.pskIdentityHint).toEqual(utf8('plant 7'));
      expect(server.info?.pskIdentityHint).toBeUndefined();
    });

    it('gives no identity hint when the server has none', async () => {
      await using bed = new Testbed(backends);
      expect((await bed.pair()).client.info?.pskIdentityHint).toBeUndefined();
    });

    it('tells the accepted socket which identity has proven itself', async () => {
      await using bed = new Testbed(backends);
      const identity = utf8('urn:dev:größe-42');
      const { server } = await bed.pair({ client: { security: pskClient(identity) } });
      expect(server.info?.pskIdentity).toEqual(identity);
    });

    it('fragments the handshake to fit a small MTU, and fits data to it', async () => {
      await using bed = new Testbed(backends, { faults: { mtu: 300, oversized: 'error' } });
      const { client, server } = await bed.pair({ client: { ciphersuites: [] } });
      expect(Math.max(...bed.wire.map(({ data }) => data.length))).toBeLessThanOrEqual(300 - headersBelow);
      await bed.run(client.send(counting(client.getOption('innerMtu'))));
      expect(await bed.run(server.receive())).toHaveLength(client.getOption('innerMtu'));
    });

    it('fits the handshake to a forced MTU and reports it', async () => {
      await using bed = new Testbed(backends);
      const below = bed.network.createUdpSocket({ forcedMtu: 400 });
      const { client } = await bed.pair({ client: { below } });
      expect(client.getOption('mtu')).toBe(400);
      expect(client.getOption('innerMtu')).toBeLessThan(400 - headersBelow);
      expect(Math.max(...bed.sentBy('client').map(({ data }) => data.length))).toBeLessThanOrEqual(400 - headersBelow);
    });

    it('works over IPv6', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({ server: { address: 'fd00::1:1' } });
      expect(client.getOption('addressFamily')).toBe(6);
      expect(client.remoteHost).toBe('fd00::1:1');
      await bed.run(client.send(utf8('six')));
      expect(await bed.run(server.receive())).toEqual(utf8('six'));
    });

    it('refuses to send and receive until the handshake is complete', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const connecting = rejectionOf(client.connect(serverAddress, serverPort));
      await expectRejection(client.send(utf8('too early')), 'ENOTCONN');
      await expectRejection(client.receive(), 'ENOTCONN');
      await client.close();
      expectErrno(await bed.run(connecting), 'ENOTCONN');
    });
  });
}
