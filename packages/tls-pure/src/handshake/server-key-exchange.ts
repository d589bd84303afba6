import { AlertDescription } from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** RFC 8422 §5.4: ECCurveType named_curve, the only one that is left. */
const namedCurve = 3;

/** A server's ephemeral public key. RFC 8422 §5.4. */
export interface ServerEcdhParams {
  readonly group: number;
  readonly publicKey: Uint8Array;
}

/** RFC 4279 §2, and RFC 5489 §2 with its ServerECDHParams. */
export interface ServerKeyExchange {
  readonly identityHint: Uint8Array;
  /** In ECDHE_PSK suites only. */
  readonly ecdh: ServerEcdhParams | undefined;
}

/** Views, not copies. */
export function decodeServerKeyExchange(body: Uint8Array, keyExchange: Ciphersuite['keyExchange']): ServerKeyExchange {
  const reader = new Reader(body);
  const identityHint = reader.vector16();
  const ecdh = keyExchange === 'ECDHE_PSK' ? decodeEcdh(reader) : undefined;
  reader.expectEnd('ServerKeyExchange');
  return { identityHint, ecdh };
}

export function encodeServerKeyExchange({ identityHint, ecdh }: ServerKeyExchange): Uint8Array {
  const writer = new Writer().vector16(identityHint);
  if (ecdh) writer.u8(namedCurve).u16(ecdh.group).vector8(ecdh.publicKey);
  return writer.finish();
}

function decodeEcdh(reader: Reader): ServerEcdhParams {
  const curveType = reader.u8();
  if (curveType !== namedCurve) throw new DecodeError(`curve type ${curveType}`, AlertDescription.illegal_parameter);
  return { group: reader.u16(), publicKey: reader.vector8(1) };
}
