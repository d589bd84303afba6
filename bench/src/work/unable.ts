/** Work that a contestant cannot do, with the reason: it lacks the suite, is not installed, or does not do such a thing. */
export class Unable extends Error {}
