import { dirname } from 'node:path';
import { findToxiproxy, TOXIPROXY_VERSION, toxiproxyPath } from '#db/testing/components.ts';
import { answers, buildFolder, succeeds } from './install-step.ts';

export { findToxiproxy };

/** Builds the proxy with Go. The distribution's Go is too old to build it, so it is not asked for. @returns what was done, in words */
export function installToxiproxy(): string {
  if (!answers('go', ['version']))
    return 'needs Go 1.24 or newer to build it; install it from go.dev and call bin/tools toxiproxy again';
  const module = `github.com/Shopify/toxiproxy/v2/cmd/server@v${TOXIPROXY_VERSION}`;
  const isBuilt = buildFolder(dirname(toxiproxyPath()), (dir) =>
    succeeds('go', ['install', module], { env: { ...process.env, GOBIN: dir, GOFLAGS: '-buildvcs=false' } }),
  );
  return isBuilt ? `toxiproxy ${TOXIPROXY_VERSION} was built with Go` : `could not be built from ${module}`;
}
