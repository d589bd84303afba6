import { checkString, invalid } from './argument-checks.js';

/** RFC 1035 §2.3.4: 255 bytes on the wire are 253 characters of text. */
const longestName = 253;

/** Printable ASCII without a space. Finer rules are the name server's. */
const asciiName = /^[\x21-\x7e]+$/;

/** An IPv6 address, which alone has colons, or something that ends in a number, as every form of an IPv4 address does and no domain. */
const addressLiteral = /:|(^|\.)(\d+|0x[\da-f]*)$/i;

/** Whether `host` is an address and not a name. */
export function isAddressLiteral(host: string): boolean {
  return addressLiteral.test(host);
}

/**
 * A configured server name as it is sent: without the final dot (RFC 6066 §3).
 * @throws TypeError not a string; EINVAL empty, longer than 253 characters, with NUL, space or a character outside ASCII.
 */
export function checkServerName(argument: string, value: unknown): string {
  checkString(argument, value);
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  if (name === '') throw invalid(argument, 'a host name, not an empty string');
  if (name.length > longestName) throw invalid(argument, `at most ${longestName} characters`);
  if (!asciiName.test(name)) throw invalid(argument, 'printable ASCII: an international name in its xn-- form');
  return name;
}

/**
 * The server name for a host that `connect` was given: undefined for an address (RFC 6066 §3), and for what cannot be a
 * name in DNS. An international name becomes its `xn--` form.
 */
export function serverNameForHost(host: string): string | undefined {
  const dotless = host.endsWith('.') ? host.slice(0, -1) : host;
  const ascii = asciiName.test(dotless) ? dotless : toAscii(dotless);
  if (ascii === undefined || ascii === '' || ascii.length > longestName || isAddressLiteral(ascii)) return undefined;
  return ascii;
}

function toAscii(host: string): string | undefined {
  try {
    return new URL(`https://${host}/`).hostname;
  } catch {
    return undefined;
  }
}
