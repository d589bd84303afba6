import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** RFC 5077 §3.3. */
export interface NewSessionTicket {
  /** Seconds; 0 leaves it to the client. */
  readonly lifetimeHint: number;
  /** 0 to 2^16 - 1 bytes. */
  readonly ticket: Uint8Array;
}

/** Views, not copies. */
export function decodeNewSessionTicket(body: Uint8Array): NewSessionTicket {
  const reader = new Reader(body);
  const message = { lifetimeHint: reader.u32(), ticket: reader.vector16() };
  reader.expectEnd('NewSessionTicket');
  return message;
}

export function encodeNewSessionTicket({ lifetimeHint, ticket }: NewSessionTicket): Uint8Array {
  return new Writer(6 + ticket.length).u32(lifetimeHint).vector16(ticket).finish();
}
