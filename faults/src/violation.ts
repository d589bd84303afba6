/** Something happened that must not, whatever the network does. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/** @throws Violation saying `what` unless `holds`. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}
