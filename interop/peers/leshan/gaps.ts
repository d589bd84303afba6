import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: ['a device that is restarted resumes its session with the demo server'],
    kind: 'fails',
    reason:
      'the demo server is published up to 2.0.0-M4, whose Scandium 2.6 has no extended master secret: without it a session is not resumed (RFC 7627 §5.3)',
  },
];
