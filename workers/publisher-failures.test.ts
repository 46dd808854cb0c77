import { expect, it } from 'vitest';
import { createLogger } from '#server/lib/index.ts';
import { createFailures } from './publisher-failures.ts';

function counted() {
  let givenUp = 0;
  const failures = createFailures({
    ...{ log: createLogger({ level: 'silent', tier: 'test' }), backoffMaxMs: 1_000 },
    onGivingUp: () => {
      givenUp += 1;
    },
  });
  return { failures, givenUp: () => givenUp };
}
const lasting = () => new TypeError('the code is wrong');

it('gives up once, after thirty failures of one lane in a row, whatever the others do', () => {
  const { failures, givenUp } = counted();
  for (let n = 0; n < 29; n += 1) {
    failures.begin(0, lasting());
    failures.begin(1, lasting());
    failures.over(1);
    failures.begin('keeper', lasting());
    failures.over('keeper');
  }
  expect(givenUp()).toBe(0);
  failures.begin(0, lasting());
  expect(givenUp()).toBe(1);
  for (let n = 0; n < 60; n += 1) failures.begin(0, lasting());
  expect(givenUp()).toBe(1);
});

it('makes each wait for its own failures only, longer and longer up to a limit', () => {
  const { failures } = counted();
  const waits = Array.from({ length: 6 }, () => failures.begin(0, lasting()));
  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(failures.begin(1, lasting())).toBe(100);
  failures.over(0);
  expect(failures.begin(0, lasting())).toBe(100);
});

it('forgets the failures of lanes that are another publisher’s now', () => {
  const { failures } = counted();
  failures.begin(0, lasting());
  failures.begin('keeper', lasting());
  failures.keepOnly([1]);
  expect(failures.begin(0, lasting())).toBe(100);
  expect(failures.begin('keeper', lasting())).toBe(200);
});
