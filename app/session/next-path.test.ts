import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPath } from './next-path.ts';

const OURS = 'https://mainspring.example';
const nextOf = (next: string) => nextPath(new Request(`${OURS}/login?next=${encodeURIComponent(next)}`));

describe('where a sign-in leads', () => {
  it.each(['/', '/data/runs?status=failed&label=env%3Aprod#top', '/pipelines/a~b/[id]'])('may be %s', (path) => {
    expect(nextOf(path)).toBe(path);
  });

  it.each([
    ['another site', 'https://evil.example/'],
    ['another site by the same scheme', '//evil.example/'],
    ['another site by a backslash', '/\\evil.example/'],
    ['a script', 'javascript:alert(1)'],
    ['a path that is none of ours', 'data/runs'],
    ['nothing', ''],
    ...['\t', '\n', '\r', '\0', '\v', '\f', '\u001f', '\u007f', '\u0085', '\u00a0', '\u2028', ' '].flatMap(
      (character): [string, string][] => {
        const code = `U+${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
        return [
          [`another site behind ${code}`, `/${character}/evil.example/`],
          [`another site behind ${code} and a backslash`, `/${character}\\evil.example/`],
          [`a path before ${code}`, `/data${character}/runs`],
        ];
      },
    ),
  ])('is our own page instead of %s', (_what, next) => {
    expect(nextOf(next)).toBe('/data/scheduler');
  });

  it('is on this site, whatever is asked for', () => {
    const piece = fc.oneof(
      fc.constantFrom('/', '\\', '\t', '\n', '\r', '.', '@', ':', '?', '#', 'evil.example', 'https:', '%2f', '%09'),
      fc.string({ unit: 'binary', maxLength: 3 }).filter((text) => text.isWellFormed()),
    );
    const asked = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    fc.assert(
      fc.property(asked, (next) => {
        expect(new URL(nextOf(next), OURS).origin).toBe(OURS);
      }),
      { numRuns: 2_000 },
    );
  });
});
