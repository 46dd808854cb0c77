import { describe, expect, it } from 'vitest';
import { demandedBy, NO_POLICY, type Policy, readPolicy } from './policy.ts';

const good: Policy = {
  ...{ selectors: ['env:prod', 'critical'], expiryHours: 72, allowSamePerson: false },
  stages: [{ name: 'Owners', approvers: 1, roles: ['admin'] }],
};

describe('the rules of approval', () => {
  it('are read back as they were written', () => {
    expect(readPolicy(good)).toEqual(good);
    expect(readPolicy(NO_POLICY)).toEqual(NO_POLICY);
  });

  it.each<[string, object]>([
    ['no stage', { stages: [] }],
    ['a stage without approvers', { stages: [{ name: 'Owners', approvers: 0, roles: ['admin'] }] }],
    ['a stage for an unknown role', { stages: [{ name: 'Owners', approvers: 1, roles: ['owner'] }] }],
    ['a stage for viewers', { stages: [{ name: 'Owners', approvers: 1, roles: ['viewer'] }] }],
    ['a stage for nobody', { stages: [{ name: 'Owners', approvers: 1, roles: [] }] }],
    ['a stage without a name', { stages: [{ name: ' ', approvers: 1, roles: ['admin'] }] }],
    ['two stages of one name', { stages: [good.stages[0], good.stages[0]] }],
    ['a selector without a key', { selectors: [':prod'] }],
    ['a selector that is a list', { selectors: [['env', 'prod']] }],
    ['one selector twice', { selectors: ['env:prod', 'env:prod'] }],
    ['a selector with space before its value', { selectors: ['env: prod'] }],
    ['a selector with space behind its value', { selectors: ['env:prod '] }],
    ['a selector with a pattern', { selectors: ['env:*'] }],
    ['a selector with half a pattern', { selectors: ['env:prod-*'] }],
    ['a selector with a colon and no value', { selectors: ['env:'] }],
    ['a selector of two lines', { selectors: ['env:prod\ntest'] }],
    ['selectors that are no list', { selectors: 'env:prod' }],
    ['no time to wait', { expiryHours: 0 }],
    ['stages that are null', { stages: null }],
  ])('with %s cannot be read, so that nothing goes live', (_what, wrong) => {
    expect(() => readPolicy({ ...good, ...wrong })).toThrow(
      expect.objectContaining({ code: 'APPROVAL_SETTINGS_INVALID' }),
    );
  });
});

describe('approval', () => {
  it('is demanded by a label of either document, by value or by key alone', () => {
    expect(demandedBy(good, [{ env: 'prod' }])).toEqual(['env:prod']);
    expect(demandedBy(good, [{}, { env: 'prod' }])).toEqual(['env:prod']);
    expect(demandedBy(good, [{ critical: '' }, { env: 'prod' }])).toEqual(['env:prod', 'critical']);
    expect(demandedBy(good, [{ env: 'test' }, { environment: 'prod' }])).toEqual([]);
    expect(demandedBy(good, [{ toString: 'x' }])).toEqual([]);
  });

  it('says what to write instead of a value that fits nothing', () => {
    expect(() => readPolicy({ ...good, selectors: ['env:*'] })).toThrow(/write the key alone: "env"/);
  });

  it('takes commas and space inside a value as they are', () => {
    const policy = readPolicy({ ...good, selectors: ['team:a,b', 'team:a b'] });
    expect(demandedBy(policy, [{ team: 'a,b' }])).toEqual(['team:a,b']);
    expect(demandedBy(policy, [{ team: 'a b' }])).toEqual(['team:a b']);
  });

  it('takes what stands after the first colon as the value', () => {
    expect(demandedBy({ ...good, selectors: ['url:a:b'] }, [{ url: 'a:b' }])).toEqual(['url:a:b']);
  });
});
