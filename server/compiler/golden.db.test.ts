import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { parseDocument } from '#server/ir/index.ts';
import { type NodePreview, previewSql } from './preview.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { compileOrThrow } from './testing/documents.ts';

// What documents compile to, kept as text, so that a change of the SQL is seen in review. UPDATE_GOLDEN=1 rewrites them.
const folder = fileURLToPath(new URL('./golden/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

const db = await testDatabase();
await db.owner.unsafe(
  `CREATE SCHEMA tenant; SET search_path = tenant; ${readFileSync(`${folder}tables.sql`, 'utf8')}; RESET search_path`,
);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };

function asText(nodes: NodePreview[]): string {
  const parts = nodes.map(({ nodeId, kind, columns, statements }) => {
    const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    const sql = statements.map((statement) => `-- ${statement.purpose}\n${statement.sql};\n`).join('\n');
    return `--- ${kind} ${nodeId}: ${list}\n\n${sql}`;
  });
  return parts.join('\n');
}

describe('the SQL of', () => {
  it.each(names)('%s is the golden one', async (name) => {
    const parsed = parseDocument(JSON.parse(readFileSync(folder + name, 'utf8')));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const text = asText(previewSql(await compileOrThrow(parsed.doc, environment)));
    const path = folder + name.replace(/\.json$/, '.sql');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });
});
