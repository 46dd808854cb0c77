import { describe, expect, it } from 'vitest';
import { loosens } from './loosens.ts';
import type { Policy } from './policy.ts';

const stage = (name: string, approvers: number, ...roles: ('operator' | 'admin')[]) => ({ name, approvers, roles });
const both = stage('Owners', 1, 'operator', 'admin');
const rules = (more: Partial<Policy> = {}): Policy => ({
  ...{ selectors: ['env:prod', 'team'], stages: [both], expiryHours: 72, allowSamePerson: false },
  ...more,
});

describe('rules are loosened', () => {
  it.each<[string, Partial<Policy>, Partial<Policy>]>([
    ['no label demands approval any more', {}, { selectors: [], stages: [] }],
    ['one label is left out', {}, { selectors: ['team'] }],
    ['a label is written otherwise', {}, { selectors: ['env:Prod', 'team'] }],
    ['a key is narrowed to one of its values', {}, { selectors: ['env:prod', 'team:a'] }],
    ['fewer people approve', { stages: [stage('Owners', 2, 'admin')] }, { stages: [stage('Owners', 1, 'admin')] }],
    ['a stage is gone', { stages: [both, stage('Release', 1, 'admin')] }, {}],
    ['more roles may approve', { stages: [stage('Owners', 1, 'admin')] }, {}],
    [
      'other roles may approve',
      { stages: [stage('Owners', 1, 'admin')] },
      { stages: [stage('Owners', 1, 'operator')] },
    ],
    ['two stages become one of as many people', { stages: [both, both] }, { stages: [stage('Owners', 2, 'admin')] }],
    [
      'the stages change places',
      { stages: [stage('Review', 2, 'operator'), stage('Release', 1, 'admin')] },
      { stages: [stage('Release', 1, 'admin'), stage('Review', 2, 'operator')] },
    ],
    ['a request waits longer', {}, { expiryHours: 73 }],
    ['one person may serve two stages', { stages: [both, both] }, { stages: [both, both], allowSamePerson: true }],
    ['they are tightened elsewhere', {}, { selectors: ['env:prod'], stages: [stage('Owners', 9, 'admin')] }],
  ])('where %s', (_what, before, after) => {
    expect(loosens(rules(before), rules(after))).not.toEqual([]);
  });

  it('in words that say what would be gone', () => {
    const after = rules({ selectors: ['env:prod'], stages: [stage('Any', 1, 'operator')], expiryHours: 100 });
    expect(loosens(rules({ stages: [stage('Owners', 2, 'admin')] }), after)).toEqual([
      'pipelines labelled team would need no approval',
      'no stage would ask for what "Owners" asks for: 2 people who may be admin',
      'a request would wait 100 hours and not 72',
    ]);
  });
});

describe('rules are not loosened', () => {
  it.each<[string, Partial<Policy>, Partial<Policy>]>([
    ['nothing changes', {}, {}],
    [
      'they demanded nothing',
      { selectors: [], stages: [] },
      { stages: [both], expiryHours: 1_440, allowSamePerson: true },
    ],
    ['a label is added', {}, { selectors: ['critical', 'env:prod', 'team'] }],
    ['a value is widened to its key', {}, { selectors: ['env', 'team'] }],
    [
      'a label is left out whose key demands it all the same',
      { selectors: ['env', 'env:prod'] },
      { selectors: ['env'] },
    ],
    ['more people approve', {}, { stages: [stage('Owners', 2, 'operator', 'admin')] }],
    ['fewer roles may approve', {}, { stages: [stage('Owners', 1, 'admin')] }],
    ['a stage has another name', {}, { stages: [{ ...both, name: 'People' }] }],
    ['a stage is added in front', {}, { stages: [stage('First', 1, 'operator'), both] }],
    ['a stage is added behind', {}, { stages: [both, stage('Last', 1, 'operator')] }],
    ['a request waits less long', {}, { expiryHours: 1 }],
    ['nobody may serve two stages any more', { allowSamePerson: true }, {}],
    ['there was one stage only, and one person may serve two', {}, { stages: [both, both], allowSamePerson: true }],
  ])('where %s', (_what, before, after) => {
    expect(loosens(rules(before), rules(after))).toEqual([]);
  });
});
