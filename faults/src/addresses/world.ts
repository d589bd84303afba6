import { type Endpoint as Address, type DtlsListener, isErrno, type SecureSocket } from '@avs-net/core';
import { MemoryNat, MemoryNetwork, SeededRandom, VirtualClock } from '@avs-net/core/testing';
import type { BackendPair } from '../backends.js';
import { Endpoint } from '../endpoint.js';
import { clientSecurity, serverSecurity } from '../psk.js';
import { must } from '../violation.js';
import { Attacker } from './attacker.js';
import { Ledger, type Peer } from './ledger.js';
import type { AddressScenario, ClientPlan } from './scenario.js';

export const listenerAddress: Address = { host: '10.0.0.1', port: 5684 };

/** Both ends of an association. */
export interface Conversation {
  readonly name: string;
  readonly socket: SecureSocket;
  readonly accepted: SecureSocket;
  readonly client: Endpoint;
  readonly server: Endpoint;
}

/** A client with a connection ID. */
export interface Traveller extends Conversation {
  readonly peer: Peer;
  /** Undefined: it opens another socket to get another address. */
  readonly nat: MemoryNat | undefined;
}

/** A listener, clients whose addresses change, one that has no connection ID and stays, and an attacker. */
export class World {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly random: SeededRandom;
  readonly ledger: Ledger;
  readonly attacker: Attacker;
  readonly violations: string[] = [];
  readonly travellers: Traveller[] = [];
  /** The client without a connection ID. */
  settler: Conversation | undefined;
  listener: DtlsListener | undefined;
  #port = 20_000;

  constructor(
    private readonly pair: BackendPair,
    private readonly scenario: AddressScenario,
  ) {
    const { seed, cidLength } = scenario;
    this.network = new MemoryNetwork({ seed, clock: this.clock });
    this.random = new SeededRandom(seed + 1);
    this.ledger = new Ledger(cidLength, this.violation);
    this.attacker = new Attacker(this.network, this.clock, this.random, this.ledger, listenerAddress);
  }

  readonly violation = (what: string): void => {
    this.violations.push(what);
  };

  /** Connects everybody, over a network without faults. */
  async begin(): Promise<void> {
    const { clients, cidLength: length, recordPadding, pathValidation } = this.scenario;
    this.listener = await this.pair.server.createDtlsListener({
      security: serverSecurity,
      clock: this.clock,
      random: this.pair.takesRandom.server ? this.random.fill : undefined,
      useConnectionId: true,
      connectionIds: { length, recordPadding, pathValidation },
      limits: { idleTime: 3_600_000 },
    });
    await this.listener.decorate(this.#watched());
    await this.clock.runUntil(this.listener.bind(listenerAddress.host, listenerAddress.port));
    for (const [i, plan] of clients.entries()) this.travellers.push(await this.#traveller(`client-${i}`, plan));
    const { conversation } = await this.#connect('settler', undefined);
    this.settler = conversation;
    conversation.server.listen(() => this.violation('a client without a connection ID is said to have moved'));
  }

  /** An address that nobody has had. */
  freshAddress(): Address {
    this.#port += 1;
    return { host: `198.51.100.${this.random.integer(1, 9)}`, port: this.#port };
  }

  async end(): Promise<void> {
    const { travellers, settler, listener, clock } = this;
    for (const each of [...travellers, ...(settler ? [settler] : [])]) await clock.runUntil(each.socket.cleanup());
    if (listener !== undefined) await clock.runUntil(listener.cleanup());
    await clock.advance(10_000);
    must(clock.pendingTimers === 0, `${clock.pendingTimers} timers are left when everything is cleaned up`);
  }

  /** The listener's socket, with the ledger between it and the listener. */
  #watched(): ReturnType<MemoryNetwork['createUdpSocket']> {
    const { ledger, network } = this;
    const below = network.createUdpSocket(undefined, { address: listenerAddress.host });
    const setReceiver = below.setReceiver.bind(below);
    below.setReceiver = (receiver) =>
      setReceiver(
        receiver && {
          onData: (data, host, port) =>
            ledger.taking(data.slice(), { host, port }, () => receiver.onData(data, host, port)),
          onError: (error) => receiver.onError?.(error),
          onEnd: () => receiver.onEnd?.(),
        },
      );
    const sendTo = below.sendTo.bind(below);
    below.sendTo = (data, host, port) => {
      ledger.sent(data, { host, port });
      return sendTo(data, host, port);
    };
    return below;
  }

  async #traveller(name: string, plan: ClientPlan): Promise<Traveller> {
    const { conversation, nat, at } = await this.#connect(name, plan);
    const { socket, server } = conversation;
    const { connectionId } = conversation.accepted.info ?? {};
    must(connectionId?.length === this.scenario.cidLength, `${name} has no connection ID`);
    must(socket.info?.returnRoutabilityCheck === plan.checks, `${name}: checks were not agreed on as they were wanted`);
    const peer = this.ledger.add(name, plan.checks, connectionId, at);
    server.listen((host, port) => this.ledger.moved(peer, { host, port }));
    return { ...conversation, nat, peer };
  }

  async #connect(
    name: string,
    plan: ClientPlan | undefined,
  ): Promise<{ conversation: Conversation; nat: MemoryNat | undefined; at: Address }> {
    const { clock, network, listener, violation } = this;
    must(listener !== undefined, 'there is no listener');
    const below = network.createUdpSocket();
    await below.bind('0.0.0.0', 0);
    const inside = { host: below.localHost, port: below.localPort };
    const nat = plan?.moves === 'nat' ? new MemoryNat(network, inside, this.freshAddress()) : undefined;
    const at = nat?.outside ?? inside;
    this.ledger.trust(at);
    const socket = await this.pair.client.createDtlsSocket({
      security: clientSecurity(name),
      ciphersuites: [this.scenario.ciphersuite],
      clock,
      random: this.pair.takesRandom.client ? this.random.fill : undefined,
      useConnectionId: plan !== undefined,
      connectionIds: {
        length: plan?.cidLength ?? 0,
        recordPadding: plan?.recordPadding ?? 1,
        returnRoutabilityCheck: plan?.checks ?? false,
      },
    });
    await socket.decorate(below);
    const [accepted] = await clock.runUntil(
      Promise.all([listener.accept(), socket.connect(listenerAddress.host, listenerAddress.port)]),
    );
    const client = new Endpoint(name, socket, violation);
    // So much is not sent to an address that is not known to be the peer's.
    const server = new Endpoint(`server of ${name}`, accepted, violation, (error) => isErrno(error, 'EAGAIN'));
    client.peer = server;
    server.peer = client;
    client.listen();
    server.listen();
    return { conversation: { name, socket, accepted, client, server }, nat, at };
  }
}
