export { hasKafka, type KafkaAddresses, type KafkaBroker, SASL_USER, startKafka } from './broker.ts';
export { configureTopic, makeTopics, type ReadRecord, readTopic } from './read-topic.ts';
export { sharedBroker, sharedKafka } from './shared.ts';
