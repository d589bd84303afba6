import type { Engine, EngineSink, ResumableSession } from '@avs-net/core';
import { associationOptions, type Engines } from './engines.js';

/** A client and a server engine whose handshake is complete. What either sends after it goes to `onTransmit`, and what it receives to `onDeliver`. */
export class Link {
  readonly client: End;
  readonly server: End;

  constructor(client: End, server: End) {
    this.client = client;
    this.server = server;
  }

  destroy(): void {
    this.client.resumable?.destroy();
    this.client.engine?.destroy();
    this.server.engine?.destroy();
  }
}

/** One end: an engine and its sink. */
export class End implements EngineSink {
  engine: Engine | undefined;
  /** On their way to the other end. */
  readonly sent: Uint8Array[] = [];
  resumable: ResumableSession | undefined;
  isEstablished = false;
  onDeliver: ((plaintext: Uint8Array) => void) | undefined;
  onWake: (() => void) | undefined;

  get live(): Engine {
    if (this.engine === undefined) throw new Error('there is no engine yet');
    return this.engine;
  }

  transmit(datagram: Uint8Array): void {
    this.sent.push(datagram);
  }

  deliver(plaintext: Uint8Array): void {
    this.onDeliver?.(plaintext);
  }

  established(): void {
    this.isEstablished = true;
  }

  alert(): void {}

  session(session: ResumableSession): void {
    this.resumable = session;
  }

  retransmitted(): void {}

  dropped(reason: string): void {
    throw new Error(`a datagram was dropped: ${reason}`);
  }

  newest(): void {}

  routabilityCheck(): void {}

  wake(): void {
    queueMicrotask(() => {
      this.engine?.handleTimeout(0);
      this.onWake?.();
    });
  }

  closed(error?: Error): void {
    throw new Error(`an association has ended: ${error?.message ?? 'without an error'}`);
  }
}

const peer = Uint8Array.of(127, 0, 0, 1, 0x16, 0x34);

/** A handshake in memory, cookie round included; abbreviated when there is a session. */
export async function connect(engines: Engines, session?: Uint8Array): Promise<Link> {
  const client = new End();
  const server = new End();
  client.engine = engines.client.createClient(client, {
    ...associationOptions,
    serverName: undefined,
    peer: 'server 5684',
    session,
  });
  client.engine.start(0);
  while (!client.isEstablished || !server.isEstablished) {
    const moved = move(client.sent, (datagram) => toServer(engines, server, datagram));
    const answered = move(server.sent, (datagram) => client.live.receive(datagram, 0));
    if (moved || answered) continue;
    await new Promise<void>((resolve) => {
      server.onWake = resolve;
    });
  }
  move(server.sent, (datagram) => client.live.receive(datagram, 0));
  return new Link(client, server);
}

function toServer(engines: Engines, server: End, datagram: Uint8Array): void {
  if (server.engine !== undefined) {
    server.engine.receive(datagram, 0);
    return;
  }
  const admission = engines.server.admit(datagram, peer, 0);
  if (admission.action === 'drop') throw new Error(`a ClientHello was dropped: ${admission.reason}`);
  if (admission.action === 'reply') {
    server.transmit(admission.datagram);
    return;
  }
  server.engine = admission.create(server, associationOptions);
  server.engine.start(0);
  server.engine.receive(datagram, 0);
}

function move(datagrams: Uint8Array[], deliver: (datagram: Uint8Array) => void): boolean {
  if (datagrams.length === 0) return false;
  for (const datagram of datagrams.splice(0)) deliver(datagram);
  return true;
}
