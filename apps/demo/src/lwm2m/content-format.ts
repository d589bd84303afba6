import { decodePlainText, encodePlainText } from './codecs/plain-text.js';
import { decodeSenmlJson, encodeSenmlJson } from './codecs/senml-json.js';
import { decodeTlv, encodeTlv } from './codecs/tlv.js';
import { badRequest, Lwm2mError } from './lwm2m-error.js';
import type { Path } from './path.js';
import type { Datum, TypeLookup } from './value.js';

/** CoAP content formats by number. IANA registry "CoAP Content-Formats". */
export const ContentFormat = { text: 0, linkFormat: 40, opaque: 42, senmlJson: 110, tlv: 11_542 } as const;

/** One of {@link ContentFormat}. */
export type ContentFormatCode = (typeof ContentFormat)[keyof typeof ContentFormat];

/** The formats that values can be read and written in, by preference. */
export const dataFormats: readonly ContentFormatCode[] = [
  ContentFormat.text,
  ContentFormat.opaque,
  ContentFormat.senmlJson,
  ContentFormat.tlv,
];

const names: Readonly<Record<ContentFormatCode, string>> = {
  [ContentFormat.text]: 'text/plain',
  [ContentFormat.linkFormat]: 'link-format',
  [ContentFormat.opaque]: 'opaque',
  [ContentFormat.senmlJson]: 'SenML JSON',
  [ContentFormat.tlv]: 'TLV',
};

/** A format's name for people. */
export function formatName(format: number): string {
  return names[format as ContentFormatCode] ?? `content format ${format}`;
}

/**
 * Values below `base`, encoded. Without a wish a single value goes as text or bytes, everything else as TLV, which every
 * version of LwM2M knows.
 * @throws 4.06 if the values cannot be had in the format that was wished for.
 */
export function encodeData(
  base: Path,
  data: readonly Datum[],
  wish: number | undefined,
): { format: ContentFormatCode; payload: Uint8Array } {
  const [only] = data;
  const single = data.length === 1 && only?.path.length === base.length ? only : undefined;
  const natural = single?.value instanceof Uint8Array ? ContentFormat.opaque : ContentFormat.text;
  const format = wish ?? (single === undefined ? ContentFormat.tlv : natural);
  if (format === ContentFormat.tlv && base.length > 0) return { format, payload: encodeTlv(base, data) };
  if (format === ContentFormat.senmlJson) return { format, payload: encodeSenmlJson(base, data) };
  if (format === ContentFormat.text && single !== undefined) {
    return { format, payload: encodePlainText(single.type, single.value) };
  }
  if (format === ContentFormat.opaque && single?.value instanceof Uint8Array) return { format, payload: single.value };
  throw new Lwm2mError('4.06', `not available as ${formatName(format)}`);
}

/**
 * The inverse of {@link encodeData}. `format` undefined is text, as LwM2M 1.0 has it.
 * @throws 4.15 for a format that is not known or does not fit; 4.00 for a payload that cannot be decoded.
 */
export function decodeData(
  base: Path,
  payload: Uint8Array,
  format: number | undefined,
  typeOf: TypeLookup,
): readonly Datum[] {
  switch (format ?? ContentFormat.text) {
    case ContentFormat.tlv:
      return decodeTlv(base, payload, typeOf);
    case ContentFormat.senmlJson:
      return decodeSenmlJson(base, payload, typeOf);
    case ContentFormat.text: {
      const type = singleType(base, typeOf);
      return [{ path: base, type, value: decodePlainText(type, payload) }];
    }
    case ContentFormat.opaque: {
      if (singleType(base, typeOf) !== 'opaque') throw new Lwm2mError('4.15', 'the resource is not opaque');
      return [{ path: base, type: 'opaque', value: payload.slice() }];
    }
    default:
      throw new Lwm2mError('4.15', `${formatName(format ?? 0)} is not supported`);
  }
}

function singleType(base: Path, typeOf: TypeLookup) {
  const [object, , resource] = base;
  if (object === undefined || resource === undefined) throw new Lwm2mError('4.15', 'text holds a single value');
  const type = typeOf(object, resource);
  if (type === undefined) throw badRequest(`resource /${base.join('/')} is not known`);
  return type;
}
