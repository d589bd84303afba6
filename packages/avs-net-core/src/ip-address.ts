import type { AddressFamily } from './options.js';

/**
 * The family of an IP address in text form, or undefined for anything else (a name). IPv4 in dotted decimal, four parts
 * without leading zeros; IPv6 as in RFC 4291 §2.2, with or without a zone (RFC 4007 §11).
 */
export function ipFamily(text: string): AddressFamily | undefined {
  if (isIpv4(text)) return 4;
  return isIpv6(text) ? 6 : undefined;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.', 5);
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const zone = text.indexOf('%');
  if (zone >= 0 && (zone === text.length - 1 || zone > 45)) return false;
  const address = zone < 0 ? text : text.slice(0, zone);
  if (address.length < 2 || address.length > 45) return false;
  const halves = address.split('::', 3);
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [place, part] of parts.entries()) {
      const isLast = index === halves.length - 1 && place === parts.length - 1;
      if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups += 1;
      else if (isLast && isIpv4(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}
