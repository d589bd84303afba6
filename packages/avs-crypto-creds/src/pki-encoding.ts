import { errnoError } from '@avs-net/core';
import { copyBytes } from './bytes.js';
import { wholeSequence } from './der.js';
import { detectEncoding, splitPem } from './pem.js';

/** How certificates and revocation lists are labelled. RFC 7468 §5.1, §6; the label `X509 CERTIFICATE` is an old one. */
const kinds = {
  'certificate-chain': { name: 'certificate', labels: ['CERTIFICATE', 'X509 CERTIFICATE'] },
  'cert-revocation-list': { name: 'certificate revocation list', labels: ['X509 CRL'] },
} as const;

/**
 * The certificates or revocation lists in PEM or DER, each as DER in memory of its own. PEM blocks of other things are ignored.
 * @param where names the source in errors.
 * @throws EBADMSG there is none, or a block is malformed.
 */
export function decodePki(bytes: Uint8Array, type: keyof typeof kinds, where: string): Uint8Array[] {
  const { name, labels } = kinds[type];
  if (detectEncoding(bytes) === 'der') return [copyBytes(bytes)];
  const blocks = splitPem(bytes).filter((block) => labels.some((label) => label === block.label));
  if (blocks.length === 0)
    throw errnoError('EBADMSG', `${where}: there is no ${name}: neither DER nor a PEM block of one`);
  for (const [index, { data }] of blocks.entries())
    if (wholeSequence(data) === undefined) throw errnoError('EBADMSG', `${where}: ${name} ${index + 1} is not DER`);
  return blocks.map((block) => block.data);
}
