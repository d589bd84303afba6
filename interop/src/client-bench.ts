import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, DtlsListener, DtlsListenerConfiguration, SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { listenerConfiguration } from './association.js';
import { exchange } from './meeting.js';
import type { DtlsPeer, PeerSetup } from './peer.js';
import { lightSuite } from './scenario.js';

/** A listener of ours, and clients of a peer that keep their sessions in one file. */
export class ClientBench implements AsyncDisposable {
  readonly #peer: DtlsPeer;
  readonly #backend: Backend;
  readonly #configuration: DtlsListenerConfiguration;
  readonly #folder: string;
  #listener: DtlsListener;

  private constructor(
    peer: DtlsPeer,
    backend: Backend,
    configuration: DtlsListenerConfiguration,
    listener: DtlsListener,
    folder: string,
  ) {
    this.#peer = peer;
    this.#backend = backend;
    this.#configuration = configuration;
    this.#listener = listener;
    this.#folder = folder;
  }

  static async of(
    peer: DtlsPeer,
    backend: Backend,
    more: Partial<DtlsListenerConfiguration> = {},
  ): Promise<ClientBench> {
    const configuration = listenerConfiguration(lightSuite, more);
    const listener = await backend.createDtlsListener(configuration);
    await listener.bind('127.0.0.1', 0);
    // Where a handshake is known to fail, nobody should wait for it as long as usual.
    if (more.handshakeTimeouts?.max !== undefined) listener.setOption('recvTimeout', more.handshakeTimeouts.max);
    return new ClientBench(peer, backend, configuration, listener, await mkdtemp(join(tmpdir(), 'interop-')));
  }

  get listener(): DtlsListener {
    return this.#listener;
  }

  /** Another listener on the same port, which knows nothing. */
  async replaceListener(): Promise<void> {
    const { localPort } = this.#listener;
    await this.#listener.cleanup();
    this.#listener = await this.#backend.createDtlsListener(this.#configuration);
    await this.#listener.bind('127.0.0.1', localPort);
  }

  /** The next client. */
  connect(setup: PeerSetup): ReturnType<DtlsPeer['connect']> {
    const sessionFile = join(this.#folder, 'session');
    return this.#peer.connect(this.#listener.localPort, { suite: lightSuite, sessionFile, ...setup });
  }

  /**
   * The next client, from its handshake, which both sides say is abbreviated or not, to its end. `look` sees the association before
   * that.
   */
  async meet(
    setup: PeerSetup,
    resumed: boolean,
    look: (socket: SecureSocket) => void = () => undefined,
  ): Promise<void> {
    await using client = this.connect(setup);
    const socket = await this.#listener.accept();
    expect(await client.resumed()).toBe(resumed);
    expect(socket.getOption('sessionResumed')).toBe(resumed);
    const extendedMasterSecret = !setup.withoutExtendedMasterSecret;
    expect(socket.info).toMatchObject({ ciphersuite: lightSuite, extendedMasterSecret });
    await exchange(socket, client);
    look(socket);
    // As when a device loses its power: Scandium does not keep what has ended with close_notify.
    await client[Symbol.asyncDispose]();
    await socket.cleanup();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.cleanup();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
