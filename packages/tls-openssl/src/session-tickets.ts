import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { type ServerSessions, ticketKeyNameLength } from '@avs-net/core';
import { finished } from './session-crypto.js';

const ivLength = 16;
const macLength = 32;

/** The two keys that come from the secret of a ticket key. */
const labels = ['avs-net ticket encryption', 'avs-net ticket authentication'] as const;

/** A ticket key of 48 bytes as the addon uses it: its name, a key for AES-256-CBC, and one for HMAC-SHA-256. RFC 5077 §4. */
export function ticketKeyParts(key: Uint8Array): Uint8Array {
  const secret = key.subarray(ticketKeyNameLength);
  const parts = labels.map((label) => createHmac('sha256', secret).update(label).digest());
  const all = Buffer.concat([key.subarray(0, ticketKeyNameLength), ...parts]);
  for (const part of parts) part.fill(0);
  return all;
}

/**
 * The session in a ticket that OpenSSL has sealed, in bytes of its own; undefined when it is none of this server's. RFC 5077 §4: key name,
 * IV, ciphertext, and a MAC over all that.
 */
export function openTicket(sessions: ServerSessions, ticket: Uint8Array): Uint8Array | undefined {
  const macAt = ticket.length - macLength;
  const start = ticketKeyNameLength + ivLength;
  if (macAt <= start) return undefined;
  for (const key of sessions.ticketKeysFor(ticket)) {
    const parts = ticketKeyParts(key);
    const encryption = parts.subarray(ticketKeyNameLength, -macLength);
    const mac = createHmac('sha256', parts.subarray(-macLength)).update(ticket.subarray(0, macAt)).digest();
    const isOurs = timingSafeEqual(mac, ticket.subarray(macAt));
    const iv = ticket.subarray(ticketKeyNameLength, start);
    const decipher = isOurs ? createDecipheriv('aes-256-cbc', encryption, iv) : undefined;
    parts.fill(0);
    const state = decipher && finished(decipher, ticket.subarray(start, macAt));
    if (state) return state;
  }
  return undefined;
}
