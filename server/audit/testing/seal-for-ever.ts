// A sealer that stops only when it is killed: says a word after each small batch.
import { openPool } from '#db/client.ts';
import { sealBatch } from '../seal.ts';

const pool = openPool({ url: process.argv[2] ?? '', max: 1, applicationName: 'sealer to be killed' });
for (;;) {
  const { sealed } = await sealBatch(pool, { limit: 50 });
  if (sealed > 0) process.stdout.write('sealed\n');
}
