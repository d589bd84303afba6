import type { SecureSocket } from '@avs-net/core';
import type { Endpoint } from '../endpoint.js';
import { must } from '../violation.js';
import { isLossless, type Scenario } from './scenario.js';

/** A client of a run. */
export interface Client {
  readonly identity: string;
  /** Its key is not the one that the server expects. */
  readonly isWrong: boolean;
  readonly socket: SecureSocket;
  /** How `connect` ended: `connected`, or the error in a word; empty before. */
  result: string;
}

/** Both sides of an association, from the server's point of view. */
export interface Conversation {
  readonly socket: SecureSocket;
  readonly server: Endpoint;
  client: Endpoint | undefined;
}

/** Both ends agree, or both have failed in a way that the network explains. @throws Violation */
export function checkResults(
  clients: readonly Client[],
  accepted: ReadonlyMap<string, Conversation>,
  { up, down }: Scenario,
): void {
  const isIntact = [up, down].every(({ corruption, truncation }) => corruption === 0 && truncation === 0);
  const isLosslessBothWays = isLossless(up) && isLossless(down);
  for (const { identity, isWrong, socket, result } of clients) {
    must(result !== '', `${identity}: connect never ended`);
    must(socket.state === (result === 'connected' ? 'connected' : 'closed'), `${identity}: ${result}, ${socket.state}`);
    if (isWrong) {
      must(result !== 'connected', `${identity} has a wrong key and is connected`);
      must(!accepted.has(identity), `${identity} has a wrong key and was accepted`);
      continue;
    }
    if (isLosslessBothWays) must(result === 'connected', `${identity}: ${result}, on a network that loses nothing`);
    if (isIntact) must(cleanResults.has(result), `${identity}: ${result}, on a network that only loses`);
    if (result !== 'connected') continue;
    const server = accepted.get(identity)?.socket;
    const [ours, theirs] = [socket.info, server?.info];
    must(
      ours !== undefined &&
        theirs !== undefined &&
        ours.ciphersuite === theirs.ciphersuite &&
        ours.extendedMasterSecret === theirs.extendedMasterSecret &&
        ours.encryptThenMac === theirs.encryptThenMac &&
        ours.maxFragmentLength === theirs.maxFragmentLength,
      `${identity}: the two sides have agreed on different things`,
    );
    must(socket.state === 'connected' && server?.state === 'accepted', `${identity}: connected on one side only`);
  }
}

/** Either side may give up first, and then tells the other if that can hear it. */
const cleanResults: ReadonlySet<string> = new Set(['connected', 'ETIMEDOUT', 'received close_notify']);

/** Counts what was sent and what arrived; where nothing gets lost, everything arrives. @throws Violation */
export function checkTraffic(
  accepted: ReadonlyMap<string, Conversation>,
  { up, down }: Scenario,
): { readonly sent: number; readonly arrived: number } {
  let [sent, arrived] = [0, 0];
  for (const [identity, { server, client }] of accepted) {
    for (const [end, faults] of [
      [client, up],
      [server, down],
    ] as const) {
      const all = [...(end?.sent.values() ?? [])];
      const there = all.filter((each) => each).length;
      sent += all.length;
      arrived += there;
      if (isLossless(faults))
        must(there === all.length, `${identity}: ${there} of ${all.length} messages came, nothing was lost`);
    }
  }
  return { sent, arrived };
}
