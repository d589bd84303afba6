import { describe, expect, it } from 'vitest';
import { bundle } from '../src/contest/bundle.js';

/** What only a listener needs, or who loads certificates. */
const others = [
  /listener/,
  /association-table/,
  /dtls12\/server/,
  /server-sessions/,
  /cookie/,
  /creds\/src\/(pem|der|pki)/,
];

const found = (sources: readonly string[], patterns: readonly RegExp[]): readonly string[] =>
  sources.filter((module) => patterns.some((pattern) => pattern.test(module)));

describe('a bundled PSK client', () => {
  it('has nothing of listeners, of certificates, or of curves that Node has', async () => {
    const { sources } = await bundle({ entry: '@avs-net/tls-pure', platform: 'node' });
    expect(found(sources, [/client-socket/, /dtls12\/client/])).toHaveLength(2);
    expect(found(sources, [...others, /@noble\/curves/])).toEqual([]);
  });

  it('brings its own curves where there is no Node, and nothing of listeners or certificates', async () => {
    const { sources } = await bundle({ entry: '@avs-net/tls-pure/portable', platform: 'browser' });
    expect(found(sources, [/noble-key-share/])).toHaveLength(1);
    expect(found(sources, others)).toEqual([]);
  });
});
