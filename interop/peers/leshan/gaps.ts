import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [];
