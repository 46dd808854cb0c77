// The command "mainspring": words to commands, errors to exit codes.
import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MainspringError } from 'mainspring/client';
import { ServiceError } from '#server/lib/index.ts';
import { apply } from './apply.ts';
import type { Context, ExitCode } from './command.ts';
import { connect } from './connect.ts';
import { diff } from './diff.ts';
import { exportDocuments } from './export.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { HELP, UsageError } from './usage.ts';
import { validate } from './validate.ts';

const rootDir = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const texts = { type: 'string' as const, multiple: true as const, default: [] as string[] };

const COMMON = { url: text, key: text, tenant: text, json: flag, help: { ...flag, short: 'h' } } as const;
/** The flags that a command has beside the common ones. */
const FLAGS: Record<string, readonly string[]> = {
  run: ['param', 'wait'],
  status: ['label'],
  validate: [],
  apply: ['file', 'publish', 'yes'],
  diff: ['file'],
  export: ['out'],
  audit: [],
  secrets: [],
  init: ['email', 'name', 'tenant-name', 'admin-email', 'password-stdin'],
  key: ['name', 'scope', 'expires-in-days'],
};

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        ...COMMON,
        ...{ wait: flag, publish: flag, yes: flag, param: texts, label: texts },
        file: { ...texts, short: 'f' },
        out: { ...text, short: 'o' },
        ...{ email: text, name: text, 'tenant-name': text, 'admin-email': text, 'password-stdin': flag },
        ...{ scope: texts, 'expires-in-days': text },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(args: string[]): Promise<ExitCode> {
  const print = (words: string) => void process.stdout.write(words);
  const { values, positionals } = parse(args);
  const [command, ...words] = positionals;
  if (values.help || command === 'help') {
    print(HELP);
    return 0;
  }
  refuseForeignFlags(command, args);
  if (command === 'audit') return auditVerify(values, words, print);
  if (command === 'init') return initInstallation(values, words, print);
  if (command === 'key') return keyCreate(values, words, print);
  if (command === 'secrets') return secretsRotate(values, words, print);
  const context: Context = { client: connect(values, process.env, rootDir), isJson: values.json, print };
  switch (command) {
    case 'run':
      return run(context, { pipeline: only(words, 'pipeline'), params: values.param, wait: values.wait });
    case 'status':
      if (words.length > 0) throw new UsageError(`status takes no words: "${words[0]}"; narrow it by --label`);
      return status(context, { label: values.label });
    case 'validate':
      return validate(context, { files: some(words, 'file') });
    case 'apply':
      return apply(context, {
        files: files(values, words),
        publish: values.publish,
        yes: values.yes,
      });
    case 'diff':
      return diff(context, { files: files(values, words) });
    case 'export':
      return exportDocuments(context, { pipelines: words, outDir: values.out });
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
}

type Values = ReturnType<typeof parse>['values'];

// What works beside the database loads much of the server; the commands that ask one over HTTP start without it.

async function findDatabase() {
  const { findLocalDatabase } = await import('./local-database.ts');
  return findLocalDatabase(process.env, rootDir);
}

/** Null where flags or variables name a server elsewhere. */
const localDatabase = async (values: Values) =>
  values.url !== undefined || values.key !== undefined ? null : findDatabase();

/** @throws UsageError, MainspringError */
async function auditVerify(values: Values, words: string[], print: Context['print']) {
  if (words.length !== 1 || words[0] !== 'verify') throw new UsageError('audit takes one word: "audit verify"');
  const { verifyInDatabase, verifyOverHttp } = await import('./audit-verify.ts');
  const options = { tenant: values.tenant ?? process.env.MAINSPRING_TENANT, isJson: values.json, print };
  const database = await localDatabase(values);
  return database
    ? verifyInDatabase(database, options)
    : verifyOverHttp(connect(values, process.env, rootDir), options);
}

/** @throws UsageError, ServiceError */
async function initInstallation(values: Values, words: string[], print: Context['print']) {
  if (words.length > 0) throw new UsageError(`init takes no words: "${words[0]}"`);
  const database = await findDatabase();
  if (!database)
    throw new UsageError('init works beside the database: set DATABASE_URL, or start the embedded one (bin/start)');
  const password = values['password-stdin'] ? (await textOf(process.stdin)).replace(/\r?\n$/, '') : null;
  const flags = { email: values.email, name: values.name, tenant: values.tenant, password };
  const baseUrl = values.url ?? process.env.PUBLIC_URL ?? `http://localhost:${process.env.PORT || 3000}`;
  const { init } = await import('./init.ts');
  return init(
    database,
    { ...flags, tenantName: values['tenant-name'], adminEmail: values['admin-email'] },
    { baseUrl: baseUrl.replace(/\/$/, ''), isJson: values.json, print },
  );
}

/** @throws UsageError, MainspringError, ServiceError */
async function keyCreate(values: Values, words: string[], print: Context['print']) {
  if (words.length !== 1 || words[0] !== 'create') throw new UsageError('key takes one word: "key create"');
  const { keyCreateInDatabase, keyCreateOverHttp } = await import('./key-create.ts');
  const flags = { name: values.name, scopes: values.scope, expiresInDays: values['expires-in-days'] };
  const options = { isJson: values.json, print };
  const database = await localDatabase(values);
  return database
    ? keyCreateInDatabase(database, values.tenant ?? process.env.MAINSPRING_TENANT, flags, options)
    : keyCreateOverHttp(connect(values, process.env, rootDir), flags, options);
}

/** @throws UsageError, ServiceError */
async function secretsRotate(values: Values, words: string[], print: Context['print']) {
  if (words.length !== 1 || words[0] !== 'rotate') throw new UsageError('secrets takes one word: "secrets rotate"');
  const database = await localDatabase(values);
  if (!database)
    throw new UsageError('secrets rotate works beside the database: set DATABASE_URL, or start the embedded one');
  const { rotateInDatabase } = await import('./secrets-rotate.ts');
  const { ENCRYPTION_KEY, ENCRYPTION_KEY_OLD } = process.env;
  return rotateInDatabase(database, { ENCRYPTION_KEY, ENCRYPTION_KEY_OLD }, { isJson: values.json, print });
}

/** A flag of another command would be ignored in silence. @throws UsageError, for an unknown command too. */
function refuseForeignFlags(command: string | undefined, args: string[]): void {
  if (command === undefined) throw new UsageError('a command is needed');
  const own = Object.hasOwn(FLAGS, command) ? FLAGS[command] : undefined;
  if (!own) throw new UsageError(`there is no command "${command}"`);
  for (const name of Object.values(FLAGS).flat())
    if (!own.includes(name) && args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)))
      throw new UsageError(`"${command}" takes no --${name}`);
}

/** A shell's -f pipelines/*.yaml names one file by the flag and the others as words. */
const files = (values: Values, words: string[]) => some([...values.file, ...words], 'file');

function some(words: string[], what: string): string[] {
  if (words.length === 0) throw new UsageError(`name a ${what}`);
  return words;
}

function only(words: string[], what: string): string {
  const [word] = some(words, what);
  if (words.length > 1) throw new UsageError(`name one ${what}, not ${words.length}`);
  return word!;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`mainspring: ${error.message}\nmainspring --help tells more.\n`);
    process.exitCode = 2;
  } else if (error instanceof MainspringError) {
    const id = error.errorId ? `, ${error.errorId} in the log` : '';
    process.stderr.write(`mainspring: ${error.message} (${error.code}${id})\n`);
    process.exitCode = 1;
  } else if (error instanceof ServiceError) {
    process.stderr.write(`mainspring: ${error.message} (${error.code})\n`);
    process.exitCode = 1;
  } else throw error;
}
