import { createTransportSocket, type DatagramTransport, type Endpoint, type Socket } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, textOf, utf8 } from './bytes.js';
import { lightCiphersuite } from './ciphersuites.js';
import { expectRejection } from './outcomes.js';
import { Testbed } from './testbed.js';

/** 8-bit data in one message. 3GPP TS 23.040 §9.2.3.24. */
const messageSize = 140;

const device: Endpoint = { host: '+15550001', port: 1 };
const platform: Endpoint = { host: '+15550002', port: 1 };

/** Longer than the slowest answer, so that nothing is sent again that was not lost. */
const patient = { min: 30_000, max: 480_000 };

/** A listener must be as patient as its clients. */
const patientLimits = { handshakeTime: 3_600_000 };

/** How long a message travels, ms. */
interface Delay {
  readonly min: number;
  readonly max: number;
}

/** Messages keep their order. */
const steady: Delay = { min: 9_000, max: 9_000 };

/** Messages overtake each other. */
const varied: Delay = { min: 2_000, max: 10_000 };

/** A short message service: seconds from one phone to another, or never. */
class MessageService {
  /** Bytes of each message, in order. */
  readonly sizes: number[] = [];
  readonly #bed: Testbed;
  readonly #random: SeededRandom;
  readonly #delay: Delay;
  readonly #loss: number;
  readonly #phones = new Map<string, (data: Uint8Array, from: Endpoint) => void>();

  constructor(bed: Testbed, delay = steady, seed = 1, loss = 0) {
    this.#bed = bed;
    this.#delay = delay;
    this.#random = new SeededRandom(seed);
    this.#loss = loss;
  }

  /** The transport of one phone. */
  phone(own: Endpoint, maxDatagramSize = messageSize): Socket {
    const transport: DatagramTransport = {
      maxDatagramSize,
      open: (_local, arrive) => {
        this.#phones.set(own.host, arrive);
        return own;
      },
      send: (data, to) => {
        this.sizes.push(data.length);
        if (this.#random.chance(this.#loss)) return;
        const delay = this.#random.integer(this.#delay.min, this.#delay.max);
        this.#bed.clock.setTimeout(() => this.#phones.get(to.host)?.(data, own), delay);
      },
      close: () => {
        this.#phones.delete(own.host);
      },
    };
    return createTransportSocket(transport, { clock: this.#bed.clock });
  }
}

/** DTLS over a transport of the caller's that is slow, small and lossy. */
export function describeOwnTransport(backends: BackendPair): void {
  describe('over short messages', () => {
    it('fragments its handshake to 140 bytes, and waits patiently: without loss nothing is sent twice', async () => {
      await using bed = new Testbed(backends);
      const service = new MessageService(bed);
      const listener = await bed.listener({ below: service.phone(platform), handshakeTimeouts: patient });
      await bed.run(listener.bind(platform.host, platform.port));
      const below = service.phone(device);
      const { client, server } = await bed.connect(await bed.client({ below, handshakeTimeouts: patient }), listener);
      expect(Math.max(...service.sizes)).toBeLessThanOrEqual(messageSize);
      expect([client.info?.retransmissions, server.info?.retransmissions]).toEqual([0, 0]);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const largest = from.getOption('innerMtu');
        await bed.run(from.send(counting(largest)));
        expect(await bed.run(to.receive())).toEqual(counting(largest));
        await expectRejection(from.send(new Uint8Array(largest + 1)), 'EMSGSIZE');
      }
      expect(Math.max(...service.sizes), 'nothing is wasted either').toBe(messageSize);
    });

    it.each([1, 2, 3, 4, 5, 6])('completes although a fifth of the messages is lost: seed %i', async (seed) => {
      await using bed = new Testbed(backends);
      const service = new MessageService(bed, varied, seed, 0.2);
      const listener = await bed.listener({
        below: service.phone(platform),
        handshakeTimeouts: patient,
        limits: patientLimits,
      });
      await bed.run(listener.bind(platform.host, platform.port));
      const below = service.phone(device);
      const { client, server } = await bed.connect(await bed.client({ below, handshakeTimeouts: patient }), listener);
      expect(Math.max(...service.sizes)).toBeLessThanOrEqual(messageSize);
      client.setOption('recvTimeout', Infinity);
      server.setReceiver({ onData: (data) => server.send(data).catch(() => undefined) });
      const answered = client.receive();
      // Data is as reliable as what carries it: who wants an answer asks again.
      const ask = (): void => {
        client.send(utf8('how warm is it?')).catch(() => undefined);
        bed.clock.setTimeout(ask, patient.min);
      };
      ask();
      expect(textOf(await bed.run(answered))).toBe('how warm is it?');
    });

    it('takes larger flights in more pieces', async () => {
      await using bed = new Testbed(backends);
      const service = new MessageService(bed);
      const listener = await bed.listener({ below: service.phone(platform, 100), handshakeTimeouts: patient });
      await bed.run(listener.bind(platform.host, platform.port));
      const client = await bed.client({
        below: service.phone(device, 100),
        handshakeTimeouts: patient,
        serverNameIndication: `${'long-name.'.repeat(12)}example`,
        ciphersuites: [...backends.client.capabilities.ciphersuites, lightCiphersuite(backends)],
      });
      await bed.connect(client, listener);
      expect(service.sizes.filter((size) => size === 100).length).toBeGreaterThan(2);
      expect(Math.max(...service.sizes)).toBe(100);
    });

    it('refuses at once to serve or connect over messages that no handshake fits into', async () => {
      await using bed = new Testbed(backends);
      const service = new MessageService(bed);
      const listener = await bed.listener({ below: service.phone(platform, 99) });
      const error = await expectRejection(bed.run(listener.bind(platform.host, platform.port)), 'EMSGSIZE');
      expect(error.message).toMatch(/\b100\b.*\b99\b/);
      expect(listener.state).toBe('closed');
      const bound = service.phone(platform, 99);
      await bed.run(bound.bind(platform.host, platform.port));
      const fresh = await bed.listener();
      await expectRejection(bed.run(fresh.decorate(bound)), 'EMSGSIZE');
      expect([fresh.state, bound.state]).toEqual(['closed', 'bound']);
      const client = await bed.client({ below: service.phone(device, 99) });
      await expectRejection(bed.run(client.connect(platform.host, platform.port)), 'EMSGSIZE');
      expect([client.state, service.sizes]).toEqual(['closed', []]);
    });
  });
}
