import { createHmac } from 'node:crypto';
import { constantTimeEqual, type ServerSessions, ticketKeyNameLength } from '@avs-net/core';

/** The two keys that come from the secret of a ticket key. */
const labels = ['avs-net ticket encryption', 'avs-net ticket authentication'] as const;

/** Keys whose parts are kept: that of new tickets, and the one before. */
const mostKept = 2;

/** A ticket key of 48 bytes as the addon uses it: its name, a key for AES-256-CBC, and one for HMAC-SHA-256. RFC 5077 §4. */
export function ticketKeyParts(key: Uint8Array): Uint8Array {
  const secret = key.subarray(ticketKeyNameLength);
  const parts = labels.map((label) => createHmac('sha256', secret).update(label).digest());
  // Not from the pool of Buffers.
  const all = new Uint8Array(ticketKeyNameLength + 64);
  all.set(key.subarray(0, ticketKeyNameLength));
  parts.forEach((part, index) => {
    all.set(part, ticketKeyNameLength + 32 * index);
    part.fill(0);
  });
  return all;
}

/** The ticket keys of a listener in the addon's form, which takes longer to make than a ticket to open. */
export class TicketKeys {
  /** The latest used first. */
  readonly #kept: { readonly key: Uint8Array; readonly parts: Uint8Array }[] = [];

  constructor(private readonly sessions: ServerSessions) {}

  /** For new tickets; undefined when none are to be made. A view. */
  get newest(): Uint8Array | undefined {
    const { ticketKey } = this.sessions;
    return ticketKey && this.#partsOf(ticketKey);
  }

  /** What `open` makes of the first key with which it makes something, of those that may open a ticket with this name in front. */
  open<T>(ticketName: Uint8Array, open: (key: Uint8Array) => T | undefined): T | undefined {
    for (const key of this.sessions.ticketKeysFor(ticketName)) {
      const opened = open(this.#partsOf(key));
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** Wipes them. */
  destroy(): void {
    for (const each of this.#kept.splice(0)) wipe(each);
  }

  #partsOf(key: Uint8Array): Uint8Array {
    const at = this.#kept.findIndex((each) => constantTimeEqual(each.key, key));
    const found = this.#kept[at];
    if (found && at === 0) return found.parts;
    if (found) this.#kept.splice(at, 1);
    const entry = found ?? { key: key.slice(), parts: ticketKeyParts(key) };
    this.#kept.unshift(entry);
    for (const oldest of this.#kept.splice(mostKept)) wipe(oldest);
    return entry.parts;
  }
}

function wipe({ key, parts }: { readonly key: Uint8Array; readonly parts: Uint8Array }): void {
  key.fill(0);
  parts.fill(0);
}
