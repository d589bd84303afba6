import { Reader } from '../wire/reader.js';

/** Bytes of verify_data in every suite of ours. RFC 5246 §7.4.9. */
export const verifyDataLength = 12;

/** RFC 5246 §7.4.9: the body is verify_data and nothing else. A view, not a copy. */
export function decodeFinished(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  const verifyData = reader.take(verifyDataLength);
  reader.expectEnd('Finished');
  return verifyData;
}
