import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { abortable } from '../abortable.js';
import type { Endpoint } from '../configuration.js';
import { errnoError } from '../errors.js';
import type { AddressFamily } from '../options.js';
import { systemError } from './system-error.js';

/** An address to try. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: AddressFamily;
}

/** Which addresses of a name to use, and which first. */
export interface Resolution {
  /** 0 any, 4 or 6 only. */
  readonly forced: 0 | AddressFamily;
  /** 0 as the system orders them, 4 or 6 first. */
  readonly preferred: 0 | AddressFamily;
  /** Tried before all others, if the name resolves to it. */
  readonly endpoint?: Partial<Endpoint> | undefined;
}

/**
 * The addresses of a host, in the order in which to try them; never none.
 * @throws EADDRNOTAVAIL it does not resolve, or not to the forced family; the signal's reason.
 */
export async function resolveHost(
  host: string,
  port: number,
  resolution: Resolution,
  signal: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const { forced, preferred, endpoint } = resolution;
  const found = literal(host) ?? (await lookUp(host, forced, signal));
  const usable = found.filter(({ family }) => forced === 0 || family === forced);
  if (usable.length === 0) throw errnoError('EADDRNOTAVAIL', `${host} has no IPv${forced} address`);
  const fits = endpoint?.port === undefined || endpoint.port === 0 || endpoint.port === port;
  const rank = ({ address, family }: ResolvedAddress): number => {
    if (fits && address === endpoint?.host) return 0;
    return family === preferred ? 1 : 2;
  };
  return [...usable].sort((a, b) => rank(a) - rank(b));
}

function literal(host: string): ResolvedAddress[] | undefined {
  const family = isIP(host);
  return family === 4 || family === 6 ? [{ address: host, family }] : undefined;
}

async function lookUp(host: string, family: 0 | AddressFamily, signal: AbortSignal): Promise<ResolvedAddress[]> {
  try {
    const found = await abortable(lookup(host, { all: true, family, verbatim: true }), signal);
    return found.flatMap(({ address, family }) => (family === 4 || family === 6 ? [{ address, family }] : []));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw errnoError('EADDRNOTAVAIL', `${host} does not resolve`, { cause: systemError(error, `resolve ${host}`) });
  }
}
