import type { ServerSessions, SessionScope } from '@avs-net/core';
import { PskCredentials } from '../../packages/tls-pure/dist/dtls12/context.js';
import { restoreSession, storeSession } from '../../packages/tls-pure/dist/session/client-session.js';
import { openTicket, sealTicket } from '../../packages/tls-pure/dist/session/server-session.js';
import { sessionCrypto } from '../../packages/tls-pure/dist/session/session-crypto.js';
import type { Choices } from './choices.js';
import type { Finding } from './finding.js';
import { lifetime, ServerMemory } from './server-memory.js';
import { identity, key, peer, type Sent, type Setup, World } from './world.js';

/** What became of the association that a case resumes, and of what either side has of it. */
export interface PastSetup {
  readonly by: 'ticket' | 'ID';
  /** What the server now uses of its memory. */
  readonly server: 'all' | 'no cache' | 'no tickets' | 'neither' | 'off';
  /** Stale: for the server. Foreign: the server has lost it. Tampered: by the client. Garbled: by who has the server's cache or ticket key. */
  readonly session: 'genuine' | 'stale' | 'foreign' | 'tampered' | 'garbled' | 'failing';
  /** Where, and how, it is tampered with or garbled. */
  readonly where: number;
}

/** What an earlier association has left. */
export interface Past {
  readonly memory: ServerMemory;
  /** What the server now has of it; undefined: every handshake is a full one. */
  readonly sessions: ServerSessions | undefined;
  /** What the client offers. */
  readonly offered: Uint8Array | undefined;
  /** Whether the server is to resume that; undefined: it depends on what was garbled. */
  readonly isGood: boolean | undefined;
  /** What was sent, for an attacker to send again. */
  readonly history: readonly Sent[];
  /** Of the randomness of the association to come. */
  readonly seed: number;
  /** What the earlier association has done that must not happen. */
  readonly finding?: Finding | undefined;
}

const wholeHandshake = 60;

/** The smallest datagrams in which a client offers a session: of a ClientHello, a server needs all up to the cookie, before which a session ID stands. */
const roomForSessionId = 125;

/** Seven bits of a case, and the next byte. */
export function readPast(bits: number, choices: Choices): PastSetup {
  const servers = ['all', 'all', 'all', 'all', 'no cache', 'no tickets', 'neither', 'off'] as const;
  const sessions = ['genuine', 'genuine', 'genuine', 'stale', 'foreign', 'tampered', 'garbled', 'failing'] as const;
  return {
    by: (bits & 1) === 0 ? 'ticket' : 'ID',
    server: servers[(bits >> 1) & 7] ?? 'all',
    session: sessions[(bits >> 4) & 7] ?? 'genuine',
    where: choices.byte(),
  };
}

/** Lets the two sides meet for the first time, with nobody between them. */
export async function meetBefore(setup: Setup, past: PastSetup): Promise<Past> {
  const memory = new ServerMemory();
  const { provider } = setup;
  const had = memory.sessions(provider, { cache: past.by === 'ID', tickets: past.by === 'ticket' });
  const first = { memory, sessions: had, offered: undefined, isGood: false, history: [], seed: 2 };
  const world = new World({ ...setup, isWrongKey: false, reaction: 'none' }, () => undefined, first);
  for (let i = 0; i < wholeHandshake && world.oracle('server').state !== 'established'; i += 1) await world.exchange();
  while (world.pending.client.length > 0) await world.exchange();

  const offered = change(memory, setup, past, world.oracle('client').kept);
  const { server } = past;
  const has = { cache: server !== 'no cache' && server !== 'neither', tickets: !/no tickets|neither/.test(server) };
  return {
    memory,
    sessions: server === 'off' ? undefined : memory.sessions(provider, has),
    offered,
    isGood: isGood(setup, past, offered, past.by === 'ID' ? has.cache : has.tickets),
    history: world.history,
    seed: 1,
    finding: world.finding,
  };
}

function isGood(
  { isWrongKey, maxDatagramSize }: Setup,
  { server, session }: PastSetup,
  offered: Uint8Array | undefined,
  canFind: boolean,
): boolean | undefined {
  if (offered === undefined || server === 'off' || !canFind || isWrongKey) return false;
  if (maxDatagramSize < roomForSessionId) return false;
  return session === 'garbled' ? undefined : session === 'genuine';
}

/** Does to the session what the setup says. Returns what the client then has. */
function change(memory: ServerMemory, setup: Setup, past: PastSetup, session: Uint8Array | undefined) {
  const { where } = past;
  if (past.session === 'stale') memory.date = lifetime;
  if (past.session === 'foreign') memory.lose();
  if (past.session === 'failing') memory.isFailing = true;
  if (session === undefined) return undefined;
  if (past.session === 'tampered') return changeSession(setup, session, (bytes) => spoil(bytes, where));
  if (past.session !== 'garbled') return session;
  if (past.by === 'ID') memory.spoil((state) => spoil(state, where));
  else return changeSession(setup, session, (ticket) => garble(memory, setup, ticket, where));
  return session;
}

/** Changes the ticket or the ID in a client's session, and leaves the rest as it is. */
function changeSession(setup: Setup, stored: Uint8Array, change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const { provider, suites, maxFragmentLength, serverName } = setup;
  const crypto = sessionCrypto(provider, (bytes) => bytes.fill(0x55));
  const psk = new PskCredentials(key.slice(), identity.slice());
  const ciphersuites = suites.map(({ id }) => id);
  const scope: SessionScope = {
    backend: 'pure',
    version: '1.2',
    psk,
    ciphersuites,
    maxFragmentLength,
    peer,
    serverName,
  };
  const session = restoreSession(crypto, scope, stored, 0);
  if (session === undefined) throw new Error('the session that the client was given is none');
  const { ticket, sessionId } = session;
  const changed = ticket.length > 0 ? { ticket: change(ticket) } : { sessionId: change(sessionId).slice(0, 32) };
  return storeSession(crypto, scope, { ...session, ...changed });
}

/** A ticket under the server's own key, with another content. */
function garble(memory: ServerMemory, { provider }: Setup, ticket: Uint8Array, where: number): Uint8Array {
  const crypto = sessionCrypto(provider, (bytes) => bytes.fill(0x55));
  const state = openTicket(crypto, memory.sessions(provider, { cache: false, tickets: true }), ticket);
  if (state === undefined) throw new Error('the ticket that the server has given is none');
  return sealTicket(crypto, memory.ticketKey, spoil(state, where));
}

/** Never the same bytes: one bit changed, or some left out at the end. */
function spoil(bytes: Uint8Array, where: number): Uint8Array {
  if (where % 4 === 3) return bytes.slice(0, (where >> 2) % bytes.length);
  const spoilt = bytes.slice();
  const at = (where * 3) % bytes.length;
  spoilt[at] = (spoilt[at] ?? 0) ^ (1 << (where % 8));
  return spoilt;
}
