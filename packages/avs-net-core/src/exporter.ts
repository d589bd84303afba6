import { checkBytes, checkInteger, checkString, invalid } from './argument-checks.js';

/** RFC 5705 §4: what the handshake itself derives. RFC 7627 §4 adds the extended master secret. */
const reservedLabels = [
  'client finished',
  'server finished',
  'master secret',
  'extended master secret',
  'key expansion',
];

/** Printable ASCII: RFC 5705 §4 counts labels as ASCII strings. */
const asciiLabel = /^[\x20-\x7e]+$/;

/** RFC 5705 §4 gives the length of a context two bytes; keys are not longer either. */
const longest = 65_535;

/**
 * Checks what `exportKeyingMaterial` is called with. A label that begins with a reserved one is refused with it: there must be no doubt
 * where a label ends and what follows it begins.
 * @throws TypeError a wrong type; EINVAL a wrong value. Both name the argument.
 */
export function checkExport(length: unknown, label: unknown, context: unknown): void {
  checkInteger('length', length, 1, longest);
  checkString('label', label);
  if (!asciiLabel.test(label)) throw invalid('label', 'printable ASCII, 1 character or more');
  const reserved = reservedLabels.find((each) => label.startsWith(each));
  if (reserved !== undefined) throw invalid('label', `another one: "${reserved}" is the handshake's (RFC 5705 §4)`);
  if (context === undefined) return;
  checkBytes('context', context);
  if (context.length > longest) throw invalid('context', `at most ${longest} bytes`);
}
