import {
  checkHost,
  checkInteger,
  checkNumber,
  checkObject,
  checkOptionalBoolean,
  checkOptionalFunction,
  checkString,
  invalid,
} from './argument-checks.js';
import type { Clock } from './clock.js';
import type { SocketConfiguration } from './configuration.js';
import type { AddressFamily, HandshakeTimeouts } from './options.js';

/** @throws TypeError not a number; EINVAL not 0, 4 or 6. */
export function checkFamily(name: string, value: unknown): asserts value is 0 | AddressFamily {
  checkNumber(name, value);
  if (value !== 0 && value !== 4 && value !== 6) throw invalid(name, '0, 4 or 6');
}

/** @throws TypeError not a number; EINVAL NaN, or below 0. */
export function checkReceiveTimeout(name: string, value: unknown): asserts value is number {
  checkNumber(name, value);
  if (!(value >= 0)) throw invalid(name, 'milliseconds, 0 or more, or Infinity');
}

/** @throws TypeError unless `value` is undefined or has the methods of a {@link Clock}. */
export function checkClock(name: string, value: unknown): asserts value is Clock | undefined {
  if (value === undefined) return;
  checkObject(name, value);
  const { now, setTimeout, clearTimeout } = value as Partial<Clock>;
  if (typeof now !== 'function' || typeof setTimeout !== 'function' || typeof clearTimeout !== 'function') {
    throw new TypeError(`${name} must have now, setTimeout and clearTimeout`);
  }
  checkOptionalFunction(`${name}.unref`, (value as Partial<Clock>).unref);
}

/**
 * A checked copy of handshake timers, in milliseconds.
 * @throws TypeError not an object of two numbers; EINVAL below 1, not finite, or min above max.
 */
export function copyHandshakeTimeouts(name: string, value: unknown): HandshakeTimeouts {
  checkObject(name, value);
  const { min, max } = value as Partial<HandshakeTimeouts>;
  checkNumber(`${name}.min`, min);
  checkNumber(`${name}.max`, max);
  if (!Number.isFinite(min) || min < 1) throw invalid(`${name}.min`, 'at least 1 ms and finite');
  if (!Number.isFinite(max) || max < min) throw invalid(`${name}.max`, `finite and at least ${name}.min (${min} ms)`);
  return { min, max };
}

/**
 * A checked copy of the configuration of a plain socket. `preferredEndpoint` stays the caller's object, which `connect` writes to.
 * @throws TypeError, EINVAL naming the field.
 */
export function copySocketConfiguration(name: string, value: unknown): SocketConfiguration {
  checkObject(name, value);
  const given = value as SocketConfiguration;
  if (given.dscp !== undefined) checkInteger(`${name}.dscp`, given.dscp, 0, 63);
  if (given.priority !== undefined) checkInteger(`${name}.priority`, given.priority, 0, 7);
  checkOptionalBoolean(`${name}.reuseAddress`, given.reuseAddress);
  checkOptionalBoolean(`${name}.reusePort`, given.reusePort);
  checkOptionalBoolean(`${name}.transparent`, given.transparent);
  if (given.interfaceName !== undefined) checkHost(`${name}.interfaceName`, given.interfaceName);
  if (given.preferredEndpoint !== undefined) checkEndpoint(`${name}.preferredEndpoint`, given.preferredEndpoint);
  if (given.addressFamily !== undefined) checkFamily(`${name}.addressFamily`, given.addressFamily);
  if (given.preferredFamily !== undefined) checkFamily(`${name}.preferredFamily`, given.preferredFamily);
  if (given.forcedMtu !== undefined) checkInteger(`${name}.forcedMtu`, given.forcedMtu, 1, 0x7fffffff);
  checkClock(`${name}.clock`, given.clock);
  const { dscp, priority, reuseAddress, reusePort, transparent, interfaceName, preferredEndpoint } = given;
  const { addressFamily, preferredFamily, forcedMtu, clock } = given;
  return {
    dscp,
    priority,
    reuseAddress,
    reusePort,
    transparent,
    interfaceName,
    preferredEndpoint,
    addressFamily,
    preferredFamily,
    forcedMtu,
    clock,
  };
}

function checkEndpoint(name: string, value: unknown): void {
  checkObject(name, value);
  const { host, port } = value as { host?: unknown; port?: unknown };
  if (host !== undefined) checkString(`${name}.host`, host);
  if (port !== undefined) checkInteger(`${name}.port`, port, 0, 65_535);
}
