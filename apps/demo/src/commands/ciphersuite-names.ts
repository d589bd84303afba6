import { ciphersuiteByName, ciphersuiteName } from '@avs-net/core';
import { ciphersuite, ciphersuites } from '@avs-net/tls-pure';
import { InvalidArgumentError } from 'commander';

/** How many near names are told. */
const mostHints = 3;

/** As in the IANA registry "TLS Cipher Suites": two bytes with a comma between them. */
const ianaNumber = /\b0x([0-9a-f]{2})\s*,\s*0x([0-9a-f]{2})\b/gi;

/**
 * Ciphersuites as people write them, with commas between them: IANA names in any case, and numbers as `0xC0A8` or as the registry has them,
 * `0xC0,0xA8`. Adds to what came before.
 * @throws InvalidArgumentError that says what is near to a name or a number that no backend here has.
 */
export function parseCiphersuites(text: string, before: readonly number[] | undefined): readonly number[] {
  const parts = text.replace(ianaNumber, '0x$1$2').split(',');
  return [...(before ?? []), ...parts.map((part) => parseCiphersuite(part.trim()))];
}

function parseCiphersuite(text: string): number {
  const number = /^0x[0-9a-f]{4}$/i.test(text) ? Number(text) : ciphersuiteByName(text);
  if (number !== undefined && ciphersuite(number)) return number;
  const near = nearNames(number === undefined ? text : ciphersuiteName(number));
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : `There are ${ciphersuites.map(({ name }) => name).join(', ')}; or numbers such as 0xC0A8 for ${ciphersuiteName(0xc0a8)}.`;
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is no ciphersuite of pre-shared keys that is known here. ${hint}`,
  );
}

/** The names that have most words in common with what somebody wrote, OpenSSL's and GnuTLS' names among it, the nearest first. */
function nearNames(text: string): string[] {
  const wanted = wordsOf(text);
  const scored = ciphersuites.map(({ name }) => ({ name, score: likeness(wanted, wordsOf(name)) }));
  const best = Math.max(...scored.map(({ score }) => score));
  if (best < 0.5) return [];
  // Only those that are about as near as the nearest one.
  const near = scored.filter(({ score }) => score >= best - 0.1).sort((a, b) => b.score - a.score);
  return near.slice(0, mostHints).map(({ name }) => name);
}

/** `PSK-AES128-CCM8` and `TLS_PSK_WITH_AES_128_CCM_8` have the same words: PSK, AES, 128, CCM, 8. */
function wordsOf(text: string): Set<string> {
  const words = text.toUpperCase().match(/CHACHA20|POLY1305|SHA\d+|[A-Z]+|\d+/g) ?? [];
  return new Set(words.filter((word) => word !== 'TLS' && word !== 'WITH'));
}

/** The part of all words that both have: 0 to 1. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((word) => b.has(word)).length;
  return both / (a.size + b.size - both || 1);
}
