import { type Conversation, PeerLacks } from './peer.js';
import type { ProcessPeer } from './process-peer.js';

/** How a program that speaks DTLS shows what happens, and what it can be made to do. */
export interface Manners {
  /** It sends back what it receives, and nothing else. Default: it prints what it receives and sends what is written to it. */
  readonly echoes?: boolean | undefined;
  /** What to write to make it close the association; `'end'`: the end of its input; undefined: it cannot. */
  readonly closesOn?: string | undefined;
  /**
   * What it prints when a handshake is complete, a global pattern, whose group `resumed` is there when a session was resumed;
   * undefined: it does not say.
   */
  readonly connected?: RegExp | undefined;
  /** What it prints when close_notify has arrived; undefined: nothing. */
  readonly closed?: string | RegExp | undefined;
  /** What it prints when a handshake has failed, with a group `alert` for the number of the alert that it has received. */
  readonly failed: RegExp;
}

/** A {@link Conversation} with a program. */
export function conversation(program: ProcessPeer, manners: Manners): Conversation {
  const { echoes = false, closesOn, connected, closed, failed } = manners;
  return {
    received: async (line) => {
      if (!echoes) await program.printed(line);
    },
    say: echoes ? undefined : (line) => program.write(`${line}\n`),
    resumed: async (nth = 1) => {
      if (connected === undefined) throw new PeerLacks('it does not say whether it has resumed a session');
      const { groups } = await program.printed(connected, { nth });
      return groups?.['resumed'] !== undefined;
    },
    end: () => {
      if (closesOn === undefined) throw new PeerLacks('it cannot be made to close');
      if (closesOn === 'end') program.endInput();
      else program.write(closesOn);
    },
    sawEnd: async () => {
      if (closed === undefined) throw new PeerLacks('it shows nothing of a close_notify');
      await program.printed(closed);
    },
    refused: async () => {
      const alert = (await program.printed(failed)).groups?.['alert'];
      return alert === undefined ? undefined : Number(alert);
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
