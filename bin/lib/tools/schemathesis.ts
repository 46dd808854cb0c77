import { findSchemathesis, SCHEMATHESIS_VERSION, schemathesisDir } from '#db/testing/components.ts';
import { answers, aptInstall, buildFolder, succeeds } from './install-step.ts';

export { findSchemathesis };

const HAS_PIP = ['-c', 'import sys, pip; assert sys.version_info >= (3, 10)'];

/** Into a folder of its own, which no other Python program sees. @returns what was done, in words */
export function installSchemathesis(): string {
  if (!answers('python3', HAS_PIP)) aptInstall(['python3', 'python3-pip']);
  if (!answers('python3', HAS_PIP))
    return 'needs Python 3.10 or newer with pip; install it and call bin/tools schemathesis again';
  // Not a virtual environment: that one cannot be moved to its place when it is complete.
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const isBuilt = buildFolder(schemathesisDir(), (dir) =>
    succeeds('python3', [...pip, '--target', dir, `schemathesis==${SCHEMATHESIS_VERSION}`]),
  );
  return isBuilt ? `schemathesis ${SCHEMATHESIS_VERSION} came from PyPI` : 'could not be fetched from PyPI';
}
