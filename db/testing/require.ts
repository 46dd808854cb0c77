/**
 * Whether a test may run that needs a real component (Kafka, Chromium, …). Use it as
 * `describe.skipIf(!requireComponent('Kafka', hasKafka, 'bin/tools kafka'))`.
 *
 * A missing component is said aloud and skips the test; with REQUIRE_ALL=1, as in continuous integration, it is
 * an error instead, so that nothing is left out unnoticed.
 */
export function requireComponent(name: string, isAvailable: boolean, howToGet: string): boolean {
  if (isAvailable) return true;
  const message = `${name} is missing: get it with \`${howToGet}\``;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${message} (REQUIRE_ALL=1 allows no skip)`);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}
