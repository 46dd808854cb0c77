export { hasKafka, type KafkaAddresses, type KafkaBroker, SASL_USER, startKafka } from './broker.ts';
export { configureTopic, makeTopics, type ReadRecord, readTopic } from './read-topic.ts';
export { sharedKafka } from './shared.ts';
