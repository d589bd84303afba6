import { errnoError } from '@avs-net/core';
import { copyBytes } from './bytes.js';
import { DerTag, derChildren, wholeSequence } from './der.js';
import { detectEncoding, splitPem } from './pem.js';

/** How certificates and revocation lists are labelled. RFC 7468 §5.1, §6; the label `X509 CERTIFICATE` is an old one. */
const kinds = {
  'certificate-chain': { name: 'certificate', labels: ['CERTIFICATE', 'X509 CERTIFICATE'] },
  'cert-revocation-list': { name: 'certificate revocation list', labels: ['X509 CRL'] },
} as const;

/**
 * What a DER SEQUENCE can be, by its outer elements. After its issuer a certificate has a validity, a SEQUENCE (RFC 5280
 * §4.1), and a revocation list has a time (§5.1). Nothing else is checked.
 */
function pkiType(der: Uint8Array): keyof typeof kinds | undefined {
  const root = wholeSequence(der);
  const [signed, algorithm, signature, ...rest] = (root && derChildren(der, root)) ?? [];
  if (signed?.tag !== DerTag.sequence || algorithm?.tag !== DerTag.sequence) return undefined;
  if (signature?.tag !== DerTag.bitString || rest.length > 0) return undefined;
  const tags = (derChildren(der, signed) ?? []).map((child) => child.tag);
  const first = tags.indexOf(DerTag.sequence);
  if (first < 0 || tags[first + 1] !== DerTag.sequence) return undefined;
  const third = tags[first + 2];
  if (third === DerTag.utcTime || third === DerTag.generalizedTime) return 'cert-revocation-list';
  return third === DerTag.sequence && tags[first - 1] === DerTag.integer ? 'certificate-chain' : undefined;
}

/**
 * The certificates or revocation lists in PEM or DER, each as DER in memory of its own. PEM blocks of other things are ignored.
 * @param where names the source in errors.
 * @throws EBADMSG there is none, or a block is malformed.
 */
export function decodePki(bytes: Uint8Array, type: keyof typeof kinds, where: string): Uint8Array[] {
  const { name, labels } = kinds[type];
  if (detectEncoding(bytes) === 'der') {
    if (pkiType(bytes) !== type) throw errnoError('EBADMSG', `${where}: it is DER, but not of a ${name}`);
    return [copyBytes(bytes)];
  }
  const blocks = splitPem(bytes).filter((block) => labels.some((label) => label === block.label));
  if (blocks.length === 0)
    throw errnoError('EBADMSG', `${where}: there is no ${name}: neither DER nor a PEM block of one`);
  for (const [index, { data }] of blocks.entries())
    if (pkiType(data) !== type) throw errnoError('EBADMSG', `${where}: ${name} ${index + 1} is not one in DER`);
  return blocks.map((block) => block.data);
}
