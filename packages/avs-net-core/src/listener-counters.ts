import type { ListenerStats } from './datagram-listener.js';
import { noDrops } from './drop-counts.js';
import type { DropReason } from './engine.js';

/** What a listener has counted since it was made. */
export class ListenerCounters {
  accepted = 0;
  failed = 0;
  cookiesSent = 0;
  idled = 0;
  forwarded = 0;
  resumed = 0;
  readonly peerAddresses = { observed: 0, validated: 0, failed: 0, heldBack: 0 };
  readonly refused = { halfOpen: 0, total: 0, perSource: 0, backlog: 0 };
  readonly dropped: Record<DropReason, number> = noDrops();

  /** The counts as they are now, with the present numbers. */
  snapshot(associations: number, halfOpen: number): ListenerStats {
    const { accepted, failed, cookiesSent, idled, forwarded, resumed, peerAddresses, refused, dropped } = this;
    return {
      associations,
      halfOpen,
      accepted,
      failed,
      cookiesSent,
      idled,
      forwarded,
      resumed,
      peerAddresses: { ...peerAddresses },
      refused: { ...refused },
      dropped: { ...dropped },
    };
  }
}
