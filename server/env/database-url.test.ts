import { expect, it } from 'vitest';
import { openPool, urlForRole } from '#db/client.ts';
import { databaseUrlProblem } from './database-url.ts';

const GOOD = [
  'postgres://owner:secret@db.example:5432/app',
  'postgresql://owner:secret@127.0.0.1/app?sslmode=require',
  ' postgres://owner:secret@db/app ',
  'postgres://db:5432/app',
  'postgres://db/app?application_name=a@b',
  'postgres://db',
  'postgres://owner@db/app',
  'postgres://owner:a%2Fb%3Fc%23d%25e%40f@db/app',
  'postgres://owner:with@inside@db/app',
  'postgres://owner:with space@db/app',
  'postgres://owner:secret@one,two:5432/app',
  'postgres://owner:secret@under_score:/app#note',
];

it.each(GOOD)('%j is an address, with which a pool can be made', async (url) => {
  expect(databaseUrlProblem(url)).toBeNull();
  for (const each of [url, urlForRole(url, 'worker', 'p/?#%@')])
    await openPool({ url: each, max: 1, applicationName: 'test' }).end();
});

it.each([
  ['the database next door', 'is no address'],
  ['hunter2', 'is no address'],
  ['db.example/hunter2', 'is no address'],
  ['localhost:5432/hunter2', 'is no address'],
  ['mysql://owner:hunter2@db/app', 'is no address'],
  ['postgres://owner:hunter2@/app', 'is no address'],
  ['postgres://owner:hunter2@db:99999/app', 'is no address'],
  ['postgres://owner:hunter2@one:1,two:2/app', 'is no address'],
  ['postgres://owner:hunter2#secret@db/app', '"#" as %23'],
  ['postgres://owner:hunter2/secret@db/app', '"/" as %2F'],
  ['postgres://owner:hunter2?secret@db/app', '"?" as %3F'],
  ['postgres://owner:12#hunter2@db/app', '"#" as %23'],
  ['postgres://owner:12/hunter2@db/app', '"/" as %2F'],
  ['postgres://owner:12?hunter2@db/app?sslmode=require', '"?" as %3F'],
  ['postgres://owner:100%hunter2@db/app', '"%" as %25'],
  ['postgres://own%er:hunter2@db/app', '"%" as %25'],
  ['postgres:///hunter2', 'names no host'],
  ['postgres:owner:hunter2@db/app', 'names no host'],
  ['postgres://owner:hunter2@db:0/app', 'has the port 0'],
])('%j is none, and is told as much without its value', (url, told) => {
  expect(databaseUrlProblem(url)).toContain(told);
  expect(databaseUrlProblem(url)).not.toContain('hunter2');
});
