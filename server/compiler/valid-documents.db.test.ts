import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { validateStructure } from '#server/ir/index.ts';
import { compilePipeline } from './compile.ts';
import { previewSql } from './preview.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { documentOf } from './testing/documents.ts';
import { execute } from './testing/execute.ts';
import { BASE_DDL, validNodes } from './testing/valid-document.ts';

const db = await testDatabase();
await db.owner.unsafe(`CREATE SCHEMA tenant; CREATE TABLE tenant.base ${BASE_DDL};
  INSERT INTO tenant.base VALUES (1, 1, 'a'), (2, 1, null), (3, null, 'b'), (4, 3, 'a')`);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };

it('accepts every document that is right by construction, compiles it, and PostgreSQL runs it', async () => {
  const tapes = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(tapes, async (tape) => {
      const doc = documentOf(validNodes(tape, 'base'));
      expect(validateStructure(doc)).toEqual([]);
      const compiled = await compilePipeline(doc, environment);
      if (!compiled.ok) throw new Error(JSON.stringify({ nodes: doc.nodes, problems: compiled.problems }, null, 2));
      for (const node of doc.nodes) seen.add(node.kind);
      expect(compiled.plan.nodes.map(({ id }) => id).sort()).toEqual(doc.nodes.map(({ id }) => id).sort());
      expect(previewSql(compiled.plan)).toHaveLength(doc.nodes.length);
      const outcome = await execute(db.owner, compiled.plan, async () => undefined);
      expect(outcome.failure).toBeNull();
    }),
    { numRuns: 150 },
  );
  expect(seen.size).toBe(12);
}, 120_000);
