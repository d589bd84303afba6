import { type Clock, systemClock, type TimerHandle } from '@avs-net/core';
import type { Attributes } from './attributes.js';
import { overlap, type Path } from './path.js';
import { type Datum, sameValue } from './value.js';

/** What an observation needs to know of the device. */
export interface ObservationSource {
  /** The present values. May throw; the observation then ends. */
  read(): readonly Datum[];
  /** The attributes that apply now. */
  attributes(): Attributes;
  /** Sends the values. May throw; the observation then ends. */
  notify(data: readonly Datum[]): void;
  /** The observation is over because `read` or `notify` threw. */
  failed(error: unknown): void;
}

/**
 * One observation: decides when to notify. LwM2M 1.1 Core §5.1.2 and §6.4: on a change that the thresholds let through, not before
 * pmin has passed since the last notification; and when pmax has passed, changed or not.
 */
export class Observation {
  readonly path: Path;
  readonly #source: ObservationSource;
  readonly #clock: Clock;
  #last: readonly Datum[];
  #lastTime: number;
  #pending = false;
  #timer: TimerHandle | undefined;
  #over = false;

  /**
   * `first` is what the answer to the request that began the observation carried. Undefined: what was notified last is not known any
   * more, so that the present values are notified as soon as they may be.
   */
  constructor(path: Path, first: readonly Datum[] | undefined, source: ObservationSource, clock: Clock = systemClock) {
    this.path = path;
    this.#source = source;
    this.#clock = clock;
    this.#last = first ?? [];
    this.#lastTime = clock.now();
    this.#pending = first === undefined;
    this.#schedule();
  }

  /** Something at `path` has changed. */
  changed(path: Path): void {
    if (this.#over || this.#pending || !overlap(path, this.path)) return;
    this.#guard(() => {
      if (!crosses(this.#last, this.#source.read(), this.#source.attributes())) return;
      this.#pending = true;
      this.#due();
    });
  }

  /** Attributes have changed: the timers are set anew. */
  attributesChanged(): void {
    if (!this.#over) this.#guard(() => this.#due());
  }

  /** Ends the observation. Nothing is notified any more. */
  cancel(): void {
    this.#over = true;
    this.#clearTimer();
  }

  #due(): void {
    const { pmin, pmax } = this.#periods();
    const since = this.#clock.now() - this.#lastTime;
    if ((this.#pending && since >= pmin) || since >= pmax) this.#notify();
    else this.#schedule();
  }

  #notify(): void {
    const data = this.#source.read();
    this.#source.notify(data);
    this.#last = data;
    this.#lastTime = this.#clock.now();
    this.#pending = false;
    this.#schedule();
  }

  #schedule(): void {
    this.#clearTimer();
    if (this.#over) return;
    const { pmin, pmax } = this.#periods();
    const period = this.#pending ? pmin : pmax;
    if (period === Number.POSITIVE_INFINITY) return;
    const delay = this.#lastTime + period - this.#clock.now();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.#over) this.#guard(() => this.#due());
    }, delay);
  }

  #periods(): { pmin: number; pmax: number } {
    const { pmin = 0, pmax = Number.POSITIVE_INFINITY } = this.#source.attributes();
    return { pmin: pmin * 1_000, pmax: pmax === 0 || pmax < pmin ? Number.POSITIVE_INFINITY : pmax * 1_000 };
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.cancel();
      this.#source.failed(error);
    }
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether the step from what was last notified to what is now is worth a notification. */
function crosses(last: readonly Datum[], now: readonly Datum[], { gt, lt, st }: Attributes): boolean {
  const [from, to] = [last[0]?.value, now[0]?.value];
  const thresholds = gt !== undefined || lt !== undefined || st !== undefined;
  if (thresholds && last.length === 1 && now.length === 1 && typeof from === 'number' && typeof to === 'number') {
    const passes = (limit: number | undefined) => limit !== undefined && from > limit !== to > limit;
    const falls = (limit: number | undefined) => limit !== undefined && from < limit !== to < limit;
    return passes(gt) || falls(lt) || (st !== undefined && Math.abs(to - from) >= st);
  }
  return last.length !== now.length || now.some((datum, index) => !sameDatum(datum, last[index]));
}

function sameDatum(a: Datum, b: Datum | undefined): boolean {
  return b !== undefined && a.path.join('/') === b.path.join('/') && sameValue(a.value, b.value);
}
