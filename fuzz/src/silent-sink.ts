import type { EngineSink } from '@avs-net/core';

/** Of engines that nobody watches. */
export const silentSink: EngineSink = {
  transmit: () => undefined,
  deliver: () => undefined,
  established: () => undefined,
  alert: () => undefined,
  session: (session) => session.destroy(),
  dropped: () => undefined,
  retransmitted: () => undefined,
  newest: () => undefined,
  routabilityCheck: () => undefined,
  wake: () => undefined,
  closed: () => undefined,
};
