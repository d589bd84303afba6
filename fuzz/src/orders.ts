import { Finding } from './finding.js';
import type { Role } from './model.js';
import { type Letter, letters, ScriptedPeer } from './scripted-peer.js';

/**
 * Every order of messages that completes a handshake with a pre-shared key, without ChangeCipherSpec, data and HelloRequest. RFC 6347 §4.2.4, RFC 4279
 * §2. What the engine has before it can be spoken to (the client's ClientHello, both of them on a server) is left out. Behind the
 * Finished anything may stand: when that comes before its ChangeCipherSpec, what is not protected is ignored meanwhile.
 */
const orders: Readonly<Record<Role, RegExp>> = { client: /^V{0,4}SK?DF/, server: /^XF/ };

/** ChangeCipherSpec has no number. It counts only once there is a ServerHello, which a server has sent when it can be spoken to. */
const firstChangeCipherSpec: Readonly<Record<Role, RegExp>> = { client: /S.*C/, server: /C/ };

/** What an exploration has shown. */
export interface Exploration {
  /** Sequences that were said to an engine. */
  readonly sequences: number;
  /** Sequences that completed a handshake. */
  readonly accepted: readonly string[];
}

/**
 * Says every sequence of up to `depth` messages to an engine, and goes no further where it has ended the association. Only the orders
 * above may complete a handshake, and they must. `alive` is called now and then.
 * @throws Finding naming the sequence.
 */
export async function exploreOrders(role: Role, depth: number, alive: () => void): Promise<Exploration> {
  const accepted: string[] = [];
  let sequences = 0;
  let frontier: string[] = [''];
  while (frontier.length > 0) {
    const next: string[] = [];
    for (const prefix of frontier) {
      alive();
      for (const letter of Object.keys(letters) as Letter[]) {
        const sequence = prefix + letter;
        const state = await say(role, sequence);
        sequences += 1;
        const isLegal = isComplete(role, sequence);
        if (state === 'established') {
          accepted.push(sequence);
          if (!isLegal) throw new Finding(`${role}: the order ${spell(sequence)} completed a handshake`);
        } else if (isLegal) {
          throw new Finding(`${role}: the order ${spell(sequence)} did not complete a handshake: ${state}`);
        } else if (state === 'handshaking' && sequence.length < depth && !isTedious(sequence)) {
          next.push(sequence);
        }
      }
    }
    frontier = next;
  }
  return { sequences, accepted };
}

async function say(role: Role, sequence: string): Promise<ScriptedPeer['state']> {
  const peer = new ScriptedPeer(role);
  for (const letter of sequence) {
    if (peer.state === 'handshaking') await peer.say(letter as Letter);
  }
  peer.destroy();
  return peer.state;
}

function isComplete(role: Role, sequence: string): boolean {
  const messages = sequence.replaceAll(/[Cdr]/g, '');
  return orders[role].test(messages) && firstChangeCipherSpec[role].test(sequence);
}

/** The same thing a third time shows nothing new, unless it is the cookie. */
function isTedious(sequence: string): boolean {
  return Array.from(sequence).some((letter) => letter !== 'V' && sequence.split(letter).length > 3);
}

function spell(sequence: string): string {
  return Array.from(sequence, (letter) => letters[letter as Letter]).join(', ');
}
