import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * The server's rooms, from the top of the ladder down, as ARCHITECTURE.md draws it. A room imports only rooms
 * that stand before it here, and only through their index.ts. A new room is put in its place here first.
 */
export const ladder = [
  ...['lib', 'outbound', 'tenancy', 'auth', 'audit', 'jobs', 'ir', 'procedure', 'compiler', 'tenant-schema', 'files'],
  ...[
    'accounts',
    'audit-trail',
    'connections',
    'limits',
    'outbox',
    'lineage',
    'dlq',
    'schedules',
    'approvals',
    'notify',
    'pipelines',
    'gitops',
    'runs',
    'streams',
    'interactions',
    'siem',
  ],
  ...[
    'exports',
    'scheduler',
    'triggers',
    'retention',
    'engagement',
    'dsar',
    'alerts',
    'reports',
    'models',
    'fleet',
    'cron',
  ],
  ...['api', 'web', 'http', 'demo', 'main'],
];

export type SourceFile = { path: string; text: string };
/** One forbidden import: where it stands and which rule it breaks, in words for the person who wrote it. */
export type Violation = { path: string; line: number; message: string };

type Import = { specifier: string; isTypeOnly: boolean; line: number };

const areas = ['app', 'server', 'db', 'workers', 'e2e', 'k6', 'bench', 'bin', 'client'];

/** Checks every import of these files. Paths are from the repository's root, with forward slashes. */
export function findViolations(files: SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    readImports(path, text).flatMap((found) => {
      const target = resolveOurs(path, found.specifier);
      const message = target === null ? null : judge(path, target, found);
      return message === null ? [] : [{ path, line: found.line, message }];
    }),
  );
}

/** All TypeScript sources of the repository. */
export function readSources(rootDir: string): SourceFile[] {
  const patterns = areas.map((area) => `${area}/**/*.{ts,tsx}`);
  return globSync(patterns, { cwd: rootDir }).map((path) => ({
    path: path.replaceAll('\\', '/'),
    text: readFileSync(join(rootDir, path), 'utf8'),
  }));
}

function readImports(path: string, text: string): Import[] {
  const source = ts.createSourceFile(
    path,
    text,
    ts.ScriptTarget.Latest,
    true,
    path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, isTypeOnly: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    found.push({
      specifier: specifier.text,
      isTypeOnly,
      line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnlyImport(node));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `import { type A }` is not type-only: with verbatimModuleSyntax it still loads the module. */
function isTypeOnlyImport(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** The imported file as a path from the root; null for a package. */
function resolveOurs(from: string, specifier: string): string | null {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  return null;
}

const areaOf = (path: string) => path.split('/')[0] ?? '';
const isTest = (path: string) => /\.(test|spec)\.tsx?$/.test(path);

/** The room of a file under server/; a file that stands directly in it (main.ts, procedure.ts) is its own room. */
function roomOf(path: string): string {
  const [, second = ''] = path.split('/');
  return second.replace(/\.ts$/, '');
}

function judge(from: string, to: string, found: Import): string | null {
  const [fromArea, toArea] = [areaOf(from), areaOf(to)];
  if (!areas.includes(toArea)) return null;
  if (fromArea === toArea) return fromArea === 'server' ? judgeRooms(from, to, found) : null;
  if (toArea === 'client')
    return `"${found.specifier}" goes past the client's door: write 'mainspring/client', as its users do`;
  // The pictures of the pages are taken of the browser tests' installation.
  if (fromArea === 'bin' && toArea === 'e2e') return null;
  // Equipment, not code of ours under test: one real Git server for the room's tests, the browser's and the pictures.
  if (to === 'server/gitops/testing/git-server.ts' && (fromArea === 'e2e' || fromArea === 'bin')) return null;
  if (found.specifier.startsWith('.') && `#${toArea}` !== '#bin') {
    return `"${found.specifier}" leaves ${fromArea}/: write "#${to}"`;
  }
  if (to.startsWith('workers/testing/') && isTest(from)) return null;
  // A benchmark measures the loops that the processes run.
  if (toArea === 'workers' && fromArea === 'bench') return null;
  if (toArea === 'app' || toArea === 'workers') return `nothing imports ${toArea}/ (here "${found.specifier}")`;
  if (toArea === 'bin' || toArea === 'bench' || toArea === 'k6' || toArea === 'e2e') {
    return `${fromArea}/ does not import ${toArea}/ (here "${found.specifier}")`;
  }
  return judgeAreas(from, to, found);
}

function judgeAreas(from: string, to: string, found: Import): string | null {
  const [fromArea, toArea] = [areaOf(from), areaOf(to)];
  switch (fromArea) {
    case 'db':
      return `db/ imports nothing of ours (here "${found.specifier}")`;
    case 'e2e':
    case 'k6':
      return `${fromArea}/ speaks HTTP and imports nothing of ${toArea}/ (here "${found.specifier}")`;
    case 'app':
      if (toArea === 'db') return `pages know no database (here "${found.specifier}")`;
      // A test never reaches the browser.
      if (!found.isTypeOnly && !isTest(from))
        return `pages import only types from server/: write "import type … from '${found.specifier}'"`;
      return null;
    case 'client':
      // Its users have no server: only the procedures' types may come from there.
      if (isTest(from)) return toArea === 'server' ? judgeDoor(from, to, found) : null;
      return to === 'server/api/index.ts' && found.isTypeOnly
        ? null
        : `client/ imports only types, and only of server/api (here "${found.specifier}")`;
    default:
      return toArea === 'server' ? judgeDoor(from, to, found) : null;
  }
}

function judgeRooms(from: string, to: string, found: Import): string | null {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === toRoom) return null;
  if (found.specifier.startsWith('.') && !isRootFile(from)) {
    return `"${found.specifier}" leaves the room ${fromRoom}/: write "#${to}"`;
  }
  const door = judgeDoor(from, to, found);
  if (door !== null) return door;
  if (toRoom === 'env') {
    // lib/metrics.ts needs the prefix while modules load, before anybody could hand it over.
    const mayRead = found.isTypeOnly || fromRoom === 'main' || from === 'server/lib/metrics.ts' || isTest(from);
    return mayRead ? null : `configuration is an argument: only an entry imports env.ts, ${from} takes what it needs`;
  }
  // What tests are made with is itself made with that of any room, as tests are.
  if (isTest(from) || (from.includes('/testing/') && to === `server/${toRoom}/testing/index.ts`)) return null;
  const [fromStep, toStep] = [ladder.indexOf(fromRoom), ladder.indexOf(toRoom)];
  if (fromRoom === 'env') return `env.ts imports no room (here "${found.specifier}")`;
  if (fromStep < 0) return `the room ${fromRoom}/ has no place on the ladder: put it into bin/lib/ladder.ts`;
  if (toStep < 0) return `the room ${toRoom}/ has no place on the ladder: put it into bin/lib/ladder.ts`;
  if (toStep > fromStep)
    return `${fromRoom}/ stands above ${toRoom}/ on the ladder and may not import it (here "${found.specifier}")`;
  return null;
}

const isRootFile = (path: string) => path.split('/').length === 2;

function judgeDoor(from: string, to: string, found: Import): string | null {
  if (isRootFile(to) || to === `server/${roomOf(to)}/index.ts`) return null;
  // What a room's tests are made with is lent to tests elsewhere, by a door of its own.
  if ((isTest(from) || from.includes('/testing/')) && to === `server/${roomOf(to)}/testing/index.ts`) return null;
  return `a room is entered through its index.ts: "${found.specifier}" goes past it`;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const rootDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const sources = readSources(rootDir);
  const violations = findViolations(sources);
  for (const { path, line, message } of violations) console.error(`${path}:${line}  ${message}`);
  console.log(`ladder: ${sources.length} files, ${violations.length} violations`);
  process.exit(violations.length > 0 ? 1 : 0);
}
