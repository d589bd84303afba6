import type { DeviceAnswer } from '../lwm2m/device-handle.js';
import { UserError } from './user-error.js';

// A demonstration ends with these when something is not as it should be.

/** @throws UserError unless the condition holds. */
export function expectThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new UserError(otherwise);
}

/** @throws UserError unless the device answered with this code. */
export function expectCode({ code, diagnostic }: DeviceAnswer, wanted: string, what: string): void {
  const why = diagnostic === undefined || diagnostic === '' ? '' : ` (${diagnostic})`;
  expectThat(code === wanted, `${what}: the device answered ${code}${why}, not ${wanted}`);
}

/** @throws UserError unless the device answered with values. */
export function expectValues(answer: DeviceAnswer, what: string): DeviceAnswer {
  expectCode(answer, '2.05', what);
  expectThat(answer.data.length > 0, `${what} has no values`);
  return answer;
}
