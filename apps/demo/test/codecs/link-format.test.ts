import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLinks, encodeLinks } from '../../src/lwm2m/codecs/link-format.js';
import { Lwm2mError } from '../../src/lwm2m/lwm2m-error.js';
import { seed } from './data.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const link = fc.record({
  target: fc.stringMatching(/^[/A-Za-z0-9._-]{0,20}$/),
  attributes: fc
    .uniqueArray(
      fc.tuple(
        fc.stringMatching(/^[a-z]{1,8}$/),
        fc.oneof(fc.constant(true as const), fc.string({ unit: 'grapheme', maxLength: 12 })),
      ),
      { selector: ([key]) => key, maxLength: 4 },
    )
    .map((entries) => new Map<string, string | true>(entries)),
});

describe('link format', () => {
  it('reads what a device registers with', () => {
    const links = decodeLinks(
      utf8('</>;rt="oma.lwm2m";ct="60 110 112 11542 11543",</1/0>,</3>;ver=1.1, </3/0>;obs;gt=-1.5'),
    );
    expect(links.map(({ target }) => target)).toEqual(['/', '/1/0', '/3', '/3/0']);
    expect(Object.fromEntries(links[0]?.attributes ?? [])).toEqual({ rt: 'oma.lwm2m', ct: '60 110 112 11542 11543' });
    expect(links[2]?.attributes.get('ver')).toBe('1.1');
    expect(Object.fromEntries(links[3]?.attributes ?? [])).toEqual({ obs: true, gt: '-1.5' });
  });

  it('reads an empty document as no links', () => {
    expect(decodeLinks(new Uint8Array(0))).toEqual([]);
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.array(link, { maxLength: 6 }), (links) => {
        expect(decodeLinks(encodeLinks(links))).toEqual(links);
      }),
      { seed },
    );
  });

  it('answers 4.00 to anything malformed, and never fails otherwise', () => {
    const piece = fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', ' ', 'a', '/3/0', '\u{0}');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.array(piece, { maxLength: 30 }).map((parts) => utf8(parts.join(''))),
        ),
        (bytes) => {
          try {
            decodeLinks(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Lwm2mError);
          }
        },
      ),
      { seed, numRuns: 2_000 },
    );
  });

  it.each(['/3/0', '<', '</3', '</3>;', '</3>;a=', '</3>;a="b', '</3>,', '</3></4>', '</3>;=b', ',</3>'])(
    'refuses %s',
    (text) => {
      expect(() => decodeLinks(utf8(text))).toThrow(expect.objectContaining({ code: '4.00' }));
    },
  );

  it('refuses more links than a device has', () => {
    expect(() => decodeLinks(utf8(Array.from({ length: 1_025 }, () => '</3>').join(',')))).toThrow(/more than 1024/);
  });
});
