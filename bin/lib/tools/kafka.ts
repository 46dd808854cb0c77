import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findKafka, KAFKA_VERSION, kafkaDir } from '#db/testing/components.ts';
import { answers, aptInstall, buildFolder, succeeds } from './install-step.ts';

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const MIN_JAVA = 17;

const jars = [
  ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
  ['org.apache.kafka', 'kafka-tools', KAFKA_VERSION],
  ['org.slf4j', 'slf4j-simple', '1.7.36'],
];

/** The jars and a Java that can run them. */
export function findKafkaAndJava(): string | null {
  return javaVersion() >= MIN_JAVA ? findKafka() : null;
}

/** Kafka's jars from Maven Central, with Java and Maven from the distribution where that is ours to do. @returns what was done, in words */
export function installKafka(): string {
  if (javaVersion() < MIN_JAVA) aptInstall(['default-jre-headless']);
  const version = javaVersion();
  if (version < MIN_JAVA)
    return `needs Java ${MIN_JAVA} or newer and found ${version === 0 ? 'none' : version}; install a JRE and call bin/tools kafka again`;
  if (findKafka()) return 'was there; Java was installed with apt-get';
  if (!answers('mvn', ['--version'])) aptInstall(['maven']);
  if (!answers('mvn', ['--version']))
    return 'needs Maven (mvn) to fetch its jars; install it and call bin/tools kafka again';
  const isBuilt = buildFolder(kafkaDir(), (dir) => {
    writeFileSync(join(dir, 'pom.xml'), pom());
    return succeeds('mvn', ['-B', '-q', DEPENDENCY_PLUGIN, '-DoutputDirectory=libs'], { cwd: dir });
  });
  return isBuilt
    ? `Kafka ${KAFKA_VERSION} came from Maven Central`
    : 'its jars could not be fetched from Maven Central';
}

/** The major version of `java`; 0 when there is none. */
function javaVersion(): number {
  const { stderr, stdout } = spawnSync('java', ['-version'], { encoding: 'utf8', timeout: 30_000 });
  return Number(/version "(\d+)/.exec(`${stderr ?? ''}${stdout ?? ''}`)?.[1] ?? 0);
}

function pom(): string {
  const dependencies = jars.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>mainspring</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependencies.join('\n')}
</dependencies></project>
`;
}
