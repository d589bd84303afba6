import type { AssociationOptions, EngineSink } from '@avs-net/core';
import { noConnectionId } from '../record/header.js';
import { decodeSavedAssociation } from '../session/saved-association.js';
import type { AssociationKeeper } from './association-keeper.js';
import type { Context } from './context.js';
import { Dtls12Engine } from './engine.js';
import { Exporter } from './exporter.js';
import { trafficProtection } from './key-schedule.js';

/** An engine that goes on with the association in `state`; undefined when that is none, or its suite is not among the configured ones. */
export function continueAssociation(
  state: Uint8Array,
  side: 'client' | 'server',
  context: Context,
  sink: EngineSink,
  options: AssociationOptions,
  keeper?: AssociationKeeper,
): Dtls12Engine | undefined {
  const saved = decodeSavedAssociation(state);
  if (!saved) return undefined;
  const { suite, master, randoms, info } = saved;
  try {
    if (!context.suites.includes(suite)) return undefined;
    const engine = new Dtls12Engine(sink, options, context, undefined, keeper);
    const { connectionId: own = noConnectionId, peerConnectionId: peer = noConnectionId } = info;
    const both = { client: randoms.subarray(0, 32), server: randoms.subarray(32) };
    const protection = trafficProtection(context.provider, suite, master, both, {
      encryptThenMac: info.encryptThenMac,
      random: context.random,
      cids: side === 'client' ? { client: peer, server: own } : { client: own, server: peer },
      padding: context.recordPadding ?? 1,
    });
    const [reader, writer] =
      side === 'client' ? [protection.server, protection.client] : [protection.client, protection.server];
    engine.continueFrom(saved, { reader, writer }, new Exporter(context.provider, suite.hash, master, both));
    return engine;
  } finally {
    master.fill(0);
  }
}
