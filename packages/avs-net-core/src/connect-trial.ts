import type { Attempt } from './attempt.js';
import type { WaitOptions } from './socket.js';

const trialKey = Symbol('trial');

/**
 * What a secure socket and the socket below agree on while they look for an address of a name that answers: a datagram socket
 * connects to any address, and only the handshake tells whether somebody is there. It travels in the options of `connect`. A
 * socket below that does not know of it connects as it always does, and then there is one try.
 */
export class ConnectTrial {
  /** The addresses tried so far, by the socket below, which passes over them. */
  readonly tried = new Set<string>();
  /** Set by the socket below when it has connected: there are addresses left. */
  hasMore = false;
  /** Set by the socket below when it has connected: what is to be done once the address has answered. */
  confirm: (() => void) | undefined;

  /** The attempt that the trial is part of: who ends one, from above or from below, ends both. */
  constructor(readonly attempt: Attempt) {}

  /** The options of the next try. */
  next(): WaitOptions {
    this.hasMore = false;
    this.confirm = undefined;
    const options: TrialOptions = { signal: this.attempt.signal, [trialKey]: this };
    return options;
  }
}

interface TrialOptions extends WaitOptions {
  readonly [trialKey]?: ConnectTrial;
}

/** The trial that a `connect` with these options is part of, if any. */
export function trialOf(options: TrialOptions | undefined): ConnectTrial | undefined {
  return options?.[trialKey];
}
