import type { Table } from './table.js';
import { digits } from './table.js';

/** A figure that is to be reached. */
export interface Target {
  readonly what: string;
  /** Undefined: it could not be measured, and `note` says why. */
  readonly measured: number | undefined;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
  readonly note?: string;
}

/** Whether it is reached; undefined when it was not measured. */
export function isMet({ measured, goal }: Target): boolean | undefined {
  if (measured === undefined) return undefined;
  return 'atLeast' in goal ? measured >= goal.atLeast : measured <= goal.atMost;
}

/** All of them as a table. */
export function targetTable(targets: readonly Target[]): Table {
  return {
    title: 'Targets',
    columns: ['what', 'target', 'measured', ''],
    rows: targets.map((target) => {
      const { what, goal, unit, measured, note } = target;
      const bound = 'atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
      const met = isMet(target);
      return [
        what,
        `${bound} ${unit}`,
        measured === undefined ? (note ?? 'not measured') : `${digits(measured)} ${unit}`,
        met === undefined ? '–' : met ? 'met' : 'MISSED',
      ];
    }),
  };
}
