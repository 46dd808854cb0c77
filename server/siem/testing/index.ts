export { hasOpenSearch, type OpenSearchNode, startOpenSearch } from './opensearch.ts';
export { type Fault, openReceiver, type Receiver } from './receivers.ts';
