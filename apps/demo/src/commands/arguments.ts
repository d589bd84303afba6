import { isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { longestLifetime } from '../objects/server.js';
import { UserError } from './user-error.js';

/** Where a server is. */
export interface ServerUri {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

/** Default ports: CoAP over UDP and over DTLS. RFC 7252 §6.1 and §6.2. */
export const defaultPorts = { coap: 5683, coaps: 5684 } as const;

/** An IPv6 address with a zone, which URLs of the platform do not take: with `%25` as in RFC 6874 §2, or `%` as people type it. */
const zonePattern = /^([a-z]+:\/\/[^[/?#]*\[[0-9a-f:.]+)%(?:25)?([\w.~-]+)\]/i;

/**
 * A server's URI: `coaps://host`, `coap://[2001:db8::1]:5683`, `coaps://[fe80::1%25eth0]`.
 * @throws UserError it has a password, which is not repeated.
 */
export function parseServerUri(text: string): ServerUri {
  const zone = zonePattern.exec(text)?.[2];
  const plain = text.replace(zonePattern, '$1]');
  const url = URL.canParse(plain) ? new URL(plain) : undefined;
  if (url === undefined || (url.protocol !== 'coaps:' && url.protocol !== 'coap:')) {
    throw new InvalidArgumentError('It is coaps://host:port, or coap://host:port for no security.');
  }
  const { hostname, username, password, pathname, search, hash } = url;
  if (password !== '') throw new UserError('-u: the URI has a password in it; a key is given with -k');
  if (hostname === '') throw new InvalidArgumentError('It has no host.');
  if (username !== '' || !['', '/'].includes(pathname) || search !== '' || hash !== '') {
    throw new InvalidArgumentError('It has a host and a port and nothing else.');
  }
  const secure = url.protocol === 'coaps:';
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const host = zone === undefined ? address : `${address}%${zone}`;
  const port = url.port === '' ? defaultPorts[secure ? 'coaps' : 'coap'] : Number(url.port);
  if (port === 0) throw new InvalidArgumentError('It has the port 0, where nobody listens.');
  const shown = isIPv6(host) ? `[${host.replace('%', '%25')}]` : host;
  return { secure, host, port, text: `${url.protocol}//${shown}:${port}` };
}

/** A port to listen on; 0 picks one. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

/** A lifetime in seconds. */
export function parseLifetimeOption(text: string): number {
  const lifetime = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (lifetime < 1 || lifetime > longestLifetime) {
    throw new InvalidArgumentError(`It is a number of seconds from 1 to ${longestLifetime}.`);
  }
  return lifetime;
}

/** A period in seconds, fractions allowed. */
export function parsePeriod(text: string): number {
  const period = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (period <= 0) throw new InvalidArgumentError('It is a number of seconds greater than 0.');
  return period;
}

/** An endpoint name. */
export function parseEndpointNameOption(text: string): string {
  if (text === '' || Buffer.byteLength(text) > 255) throw new InvalidArgumentError('It is 1 to 255 bytes.');
  return text;
}

/**
 * A key from hexadecimal digits. Not an option's own parser, because those put the argument into their errors.
 * @throws UserError that does not contain the key.
 */
export function parseKey(text: string, option: string): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]*$/.test(digits)) throw new UserError(`${option}: the key has characters that are not hexadecimal`);
  if (digits.length === 0) throw new UserError(`${option}: the key is empty`);
  if (digits.length % 2 === 1) {
    throw new UserError(
      `${option}: the key has an odd number of hexadecimal digits (${digits.length}); is one missing?`,
    );
  }
  if (digits.length > 512) throw new UserError(`${option}: the key is longer than 256 bytes`);
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** An identity and its key from `identity:hexkey`. @throws UserError that contains neither: somebody may have swapped them. */
export function parsePskPair(text: string): { identity: string; key: Uint8Array } {
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw new UserError('--psk: it is identity:hexkey, such as device:00112233445566778899aabbccddeeff');
  const identity = checkIdentity(text.slice(0, colon), '--psk');
  return { identity, key: parseKey(text.slice(colon + 1), '--psk (identity:hexkey)') };
}

/** @throws UserError if the identity is too long. */
export function checkIdentity(identity: string, option: string): string {
  if (Buffer.byteLength(identity) > 128) throw new UserError(`${option}: the identity is longer than 128 bytes`);
  return identity;
}
