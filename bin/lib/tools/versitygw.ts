import { dirname } from 'node:path';
import { findVersitygw, VERSITYGW_VERSION, versitygwPath } from '#db/testing/components.ts';
import { answers, buildFolder, succeeds } from './install-step.ts';

export { findVersitygw };

/** Builds the S3 server with Go, which fetches a newer Go by itself where it needs one. @returns what was done, in words */
export function installVersitygw(): string {
  if (!answers('go', ['version']))
    return 'needs Go 1.24 or newer to build it; install it from go.dev and call bin/tools versitygw again';
  const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`;
  const isBuilt = buildFolder(dirname(versitygwPath()), (dir) =>
    succeeds('go', ['install', module], { env: { ...process.env, GOBIN: dir, GOFLAGS: '-buildvcs=false' } }),
  );
  return isBuilt ? `versitygw ${VERSITYGW_VERSION} was built with Go` : `could not be built from ${module}`;
}
