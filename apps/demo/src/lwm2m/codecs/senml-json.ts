import { badRequest } from '../lwm2m-error.js';
import { formatPath, isWithin, type Path, parsePath } from '../path.js';
import { type Datum, hasType, isObjectLink, parseObjectLink, type TypeLookup, type Value } from '../value.js';
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from './text.js';

/** What a pack may hold at most. */
const largestCount = 1_024;

const valueLabels = ['v', 'vs', 'vb', 'vd', 'vlo'] as const;

/** The labels that are read, each of them unchecked. RFC 8428 §4.3; `vlo` is LwM2M's. */
type SenmlRecord = Readonly<Partial<Record<'bn' | 'bv' | 'n' | 'v' | 'vs' | 'vb' | 'vd' | 'vlo', unknown>>>;
type Label = keyof SenmlRecord;

/** Values below `base` as a SenML pack in JSON. LwM2M 1.1 Core §7.4.4, RFC 8428. */
export function encodeSenmlJson(base: Path, data: readonly Datum[]): Uint8Array {
  const [only] = data;
  const exact = data.length === 1 && only !== undefined && only.path.length === base.length;
  const baseName = exact || base.length === 0 ? formatPath(base) : `${formatPath(base)}/`;
  const pack = data.map((datum, index) => {
    const name = datum.path.slice(base.length).join('/');
    return { ...(index === 0 && { bn: baseName }), ...(name !== '' && { n: name }), ...encodeValue(datum) };
  });
  return encodeUtf8(JSON.stringify(pack));
}

function encodeValue({ type, value }: Datum): SenmlRecord {
  if (!hasType(value, type)) throw new TypeError(`value is not of the type ${type}`);
  if (typeof value === 'string') return { vs: value };
  if (typeof value === 'number') return { v: value };
  if (typeof value === 'boolean') return { vb: value };
  if (value instanceof Uint8Array) return { vd: encodeBase64(value, 'base64url') };
  return { vlo: `${value.object}:${value.instance}` };
}

/**
 * The inverse of {@link encodeSenmlJson}. A resource that `typeOf` does not know gets the type that its field implies, so that a
 * server can show what it has no definition of.
 * @throws 4.00 malformed, a name outside of `base`, or a value that does not fit its type.
 */
export function decodeSenmlJson(base: Path, payload: Uint8Array, typeOf: TypeLookup): Datum[] {
  const pack = parseJson(payload);
  if (!Array.isArray(pack)) throw badRequest('SenML is an array of records');
  if (pack.length > largestCount) throw badRequest(`more than ${largestCount} values`);
  let baseName = '';
  let baseValue = 0;
  const data: Datum[] = [];
  for (const record of pack as unknown[]) {
    if (!isRecord(record)) throw badRequest('a SenML record is an object');
    refuseUnknown(record);
    baseName = textField(record, 'bn') ?? baseName;
    baseValue = numberField(record, 'bv') ?? baseValue;
    const path = parsePath(baseName + (textField(record, 'n') ?? ''));
    if (!isWithin(path, base)) throw badRequest('a SenML name is outside of the path of the request');
    if (path.length < 3) throw badRequest('a SenML name is not that of a resource');
    data.push(decodeDatum(path, record, baseValue, typeOf));
  }
  return data;
}

function decodeDatum(path: Path, record: SenmlRecord, baseValue: number, typeOf: TypeLookup): Datum {
  const [field, ...others] = valueLabels.filter((label) => Object.hasOwn(record, label));
  if (field === undefined || others.length > 0) throw badRequest('a SenML record has one value');
  const { value, implied } = decodeValue(record, field, baseValue);
  const type = typeOf(path[0] ?? 0, path[2] ?? 0) ?? implied;
  if (value === undefined || !hasType(value, type)) {
    throw badRequest(`the value of ${formatPath(path)} is not of the type ${type}`);
  }
  return { path, type, value };
}

function decodeValue(record: SenmlRecord, field: (typeof valueLabels)[number], baseValue: number) {
  switch (field) {
    case 'v': {
      const value = (numberField(record, 'v') ?? 0) + baseValue;
      return { value, implied: 'float' } as const;
    }
    case 'vs':
      return { value: textField(record, 'vs'), implied: 'string' } as const;
    case 'vd':
      return { value: decodeBase64(textField(record, 'vd') ?? ''), implied: 'opaque' } as const;
    case 'vlo': {
      const value: Value | undefined = parseObjectLink(textField(record, 'vlo') ?? '');
      return { value: isObjectLink(value) ? value : undefined, implied: 'objlnk' } as const;
    }
    default:
      return { value: typeof record.vb === 'boolean' ? record.vb : undefined, implied: 'boolean' } as const;
  }
}

function parseJson(payload: Uint8Array): unknown {
  const text = decodeUtf8(payload);
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('SenML is not JSON');
  }
}

function isRecord(value: unknown): value is SenmlRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 8428 §4.4: a label that ends in `_` must be understood. */
function refuseUnknown(record: SenmlRecord): void {
  if (Object.keys(record).some((label) => label.endsWith('_')))
    throw badRequest('a mandatory SenML label is not known');
}

function textField(record: SenmlRecord, name: Label): string | undefined {
  const value = Object.hasOwn(record, name) ? record[name] : undefined;
  if (value !== undefined && typeof value !== 'string') throw badRequest(`SenML: ${name} is text`);
  return value;
}

function numberField(record: SenmlRecord, name: Label): number | undefined {
  const value = Object.hasOwn(record, name) ? record[name] : undefined;
  if (value !== undefined && !Number.isFinite(value)) throw badRequest(`SenML: ${name} is a number`);
  return value as number | undefined;
}
