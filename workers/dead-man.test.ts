import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { deadManSwitch } from './dead-man.ts';

let server: Server;
let url: string;
let calls = 0;
beforeAll(async () => {
  server = createServer((_, response) => {
    calls += 1;
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => void server.close());
beforeEach(() => {
  calls = 0;
});

const outbound = createOutboundClient({ allowCidrs: [] });
const log = createLogger({ level: 'silent', tier: 'test' });

it('calls again and again while all is well, and is silent when it is not or cannot be told', async () => {
  const answers: (boolean | Error)[] = [true, true, false, new Error('the database is away'), true];
  let asked = 0;
  const isAllWell = async () => {
    const answer = answers[asked] ?? false;
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const heart = deadManSwitch({ url, log, outbound, isAllWell, everyMs: 5 });
  heart.start();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(answers.length), { timeout: 10_000 });
  await heart.stop();
  expect(calls).toBe(3);
});

it('goes on after an address that does not answer', async () => {
  let asked = 0;
  const isAllWell = async () => {
    asked += 1;
    return true;
  };
  const heart = deadManSwitch({ url: 'http://127.0.0.1:9/', log, outbound, isAllWell, everyMs: 5 });
  heart.start();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(3), { timeout: 10_000 });
  await heart.stop();
});
