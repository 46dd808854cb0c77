// A Git repository over https into the YAML files of one folder of one branch. Nothing is kept.
import git, { type HttpClient, type ReadTreeResult, type TreeEntry } from 'isomorphic-git';
import type { OpenConnection } from '#server/connections/index.ts';
import { ServiceError, storableText } from '#server/lib/index.ts';
import { gitHttp, type OutboundClient } from '#server/outbound/index.ts';
import { MAX_ENTRIES, MAX_FILES, MAX_FOLDER_DEPTH, MAX_PACK_BYTES, MAX_TOTAL_YAML_BYTES } from './limits.ts';
import { memoryFs } from './memory-fs.ts';
import { packOf, scanPack } from './scan-pack.ts';
import { type UnreadableCause, unreadable } from './unreadable.ts';

export type RepositoryFile = { path: string; text: string };
/** What cannot be read although it lies where documents lie; it is named, never passed over. */
export type SkippedEntry = { path: string; reason: string };
export type Commit = { id: string; subject: string; author: string; committedAt: Date };
export type Repository = { commit: Commit; files: RepositoryFile[]; skipped: SkippedEntry[] };

const GIT_DIR = '/repository.git';
const MAX_COMMIT_TEXT_CHARS = 200;
/** A day before the year 10000, so that no time zone reaches it. */
const LAST_SECOND = 253_402_214_400;
const IS_YAML = /\.ya?ml$/i;

/**
 * The newest commit of the connection's branch, and the YAML files in its folder and below.
 * @throws ServiceError REPOSITORY_UNREADABLE with the reason, also once the signal is aborted; ADDRESS_REFUSED,
 * OUTBOUND_UNREACHABLE, OUTBOUND_DEADLINE
 */
export async function readRepository(
  outbound: OutboundClient,
  connection: OpenConnection<'git'>,
  signal: AbortSignal,
): Promise<Repository> {
  try {
    return await read(outbound, connection, signal);
  } catch (error) {
    throw toReason(error, connection);
  }
}

async function read(
  outbound: OutboundClient,
  { config, secrets }: OpenConnection<'git'>,
  signal: AbortSignal,
): Promise<Repository> {
  const place = { fs: memoryFs(), gitdir: GIT_DIR, cache: {} };
  const http = scanned(gitHttp(outbound, { trust: 'tenant', maxPackBytes: MAX_PACK_BYTES, signal }), signal);
  await git.init({ ...place, bare: true });
  await git.addRemote({ ...place, remote: 'origin', url: config.url });
  const { fetchHead } = await git.fetch({
    ...{
      ...place,
      http,
      url: config.url,
      ref: `refs/heads/${config.branch}`,
      singleBranch: true,
      depth: 1,
      tags: false,
    },
    // Asked for only when the server demands it.
    ...(secrets.token === undefined
      ? {}
      : { onAuth: () => ({ username: secrets.username ?? 'token', password: secrets.token ?? '' }) }),
  });
  if (fetchHead === null) throw unreadable('empty', 'the repository has no commit yet');
  const { commit } = await git.readCommit({ ...place, oid: fetchHead });
  const found = await walk(place, fetchHead, config.path);
  return {
    commit: {
      id: fetchHead,
      subject: storableText(commit.message.split('\n', 1)[0] ?? '', MAX_COMMIT_TEXT_CHARS),
      author: storableText(commit.author.name, MAX_COMMIT_TEXT_CHARS),
      committedAt: instantOf(commit.committer.timestamp),
    },
    ...found,
  };
}

/** Anybody can write any number into a commit; a year of five digits is no instant for who reads it. */
function instantOf(seconds: number): Date {
  if (!(seconds >= 0 && seconds <= LAST_SECOND))
    throw unreadable('protocol', `the newest commit says that it was made at ${seconds}, which is no time`);
  return new Date(seconds * 1_000);
}

const PACK_TYPE = 'application/x-git-upload-pack-result';

/**
 * Looks at each pack before isomorphic-git unpacks it. That an answer is a pack is decided by the question: isomorphic-git
 * unpacks whatever it was answered, and the type is the server's own word.
 */
const scanned = (http: HttpClient, signal: AbortSignal): HttpClient => ({
  async request(request) {
    const answer = await http.request(request);
    // What is asked by GET is the list of branches; any other status ends in isomorphic-git's HttpError.
    if (request.method !== 'POST' || answer.statusCode !== 200) return answer;
    const type = answer.headers?.['content-type']?.split(';', 1)[0]?.trim();
    if (type !== PACK_TYPE)
      throw unreadable('protocol', `the repository answered "${(type ?? '').slice(0, 100)}" instead of "${PACK_TYPE}"`);
    const parts: Uint8Array[] = [];
    for await (const part of answer.body ?? []) parts.push(part);
    const body = Buffer.concat(parts);
    await scanPack(packOf(body), { signal });
    return {
      ...answer,
      body: (async function* () {
        yield body;
      })(),
    };
  },
});

type Place = { fs: ReturnType<typeof memoryFs>; gitdir: string; cache: object };

async function walk(place: Place, commitId: string, folder: string): Promise<Omit<Repository, 'commit'>> {
  const files: RepositoryFile[] = [];
  const skipped: SkippedEntry[] = [];
  let entries = 0;
  let bytes = 0;

  async function into({ tree }: ReadTreeResult, parent: string, depth: number): Promise<void> {
    for (const entry of tree) {
      entries += 1;
      if (entries > MAX_ENTRIES) throw unreadable('too_large', `the folder has more than ${MAX_ENTRIES} entries`);
      const path = parent === '' ? entry.path : `${parent}/${entry.path}`;
      if (entry.type === 'tree') {
        if (depth >= MAX_FOLDER_DEPTH)
          throw unreadable('too_large', `"${path}" lies more than ${MAX_FOLDER_DEPTH} folders deep`);
        await into(await git.readTree({ ...place, oid: entry.oid }), path, depth + 1);
      } else await take(entry, path);
    }
  }

  async function take(entry: TreeEntry, path: string): Promise<void> {
    const reason = whyNot(entry);
    if (reason !== null) return void skipped.push({ path, reason });
    if (!IS_YAML.test(path)) return;
    if (files.length === MAX_FILES) throw unreadable('too_large', `the folder has more than ${MAX_FILES} YAML files`);
    const { blob } = await git.readBlob({ ...place, oid: entry.oid });
    bytes += blob.byteLength;
    if (bytes > MAX_TOTAL_YAML_BYTES)
      throw unreadable('too_large', `the YAML files have more than ${MAX_TOTAL_YAML_BYTES} bytes together`);
    const text = utf8(blob);
    if (text === null) skipped.push({ path, reason: 'it is not UTF-8' });
    else files.push({ path, text });
  }

  const start = folder.replace(/\/+$/, '');
  await into(await git.readTree({ ...place, oid: commitId, ...(start === '' ? {} : { filepath: start }) }), start, 0);
  return { files, skipped };
}

function whyNot({ type, mode, path }: TreeEntry): string | null {
  if (type === 'commit') return 'it is a submodule, and what is in it is not read';
  // What a link leads to is not looked at, so a link to a folder may hide documents as well as one to a file.
  if (mode === '120000')
    return IS_YAML.test(path) || !path.includes('.') ? 'it is a symbolic link, and none is followed' : null;
  return null;
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What isomorphic-git said, in words that tell what to do. */
function toReason(error: unknown, { name, config }: OpenConnection<'git'>): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code, data } = error as { code?: string; data?: { statusCode?: number; what?: string } };
  const because = (reason: UnreadableCause, message: string) => unreadable(reason, message, error);
  const status = data?.statusCode;
  if (code === 'HttpError' && (status === 401 || status === 403))
    return because(
      'auth',
      `the repository refuses the sign-in of connection "${name}" (${status}); set a token that may read it`,
    );
  if (code === 'HttpError' && status === 404)
    return because('not_found', `there is no repository at ${config.url}, or connection "${name}" may not see it`);
  if (code === 'HttpError' && status !== undefined && status >= 300 && status < 400)
    return because(
      'moved',
      `${config.url} answers that the repository has moved (${status}); give the address that it moved to`,
    );
  if (code === 'HttpError') return because('protocol', `the repository answered ${status}`);
  if (code === 'NotFoundError' && data?.what === `refs/heads/${config.branch}`)
    return because('branch', `the repository has no branch "${config.branch}"`);
  if (code === 'NotFoundError' || code === 'ObjectTypeError')
    return because('folder', `branch "${config.branch}" has no folder "${config.path}"`);
  const said = error instanceof Error ? error.message : String(error);
  return because('protocol', `the repository could not be read: ${said.slice(0, 300)}`);
}
